/** Relaxed kernels of whole attentions against naive loops. */
import { againstNaive, atTheEdges } from "./dense.ts";

againstNaive("relaxed");
atTheEdges("relaxed");
