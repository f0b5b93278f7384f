/**
 * The clock of the benchmarks: milliseconds that this thread has run. Others who share the machine then cost a
 * contender what they take of its caches, and not what they take of its time. Where the system is not Linux it is the
 * clock on the wall, and `clockName` says so.
 */
import { createRequire } from "node:module";

type Koffi = typeof import("koffi");

const threadCpuTime = 3;

function ofThread(): (() => number) | undefined {
  if (process.platform !== "linux") return undefined;
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const clock = koffi.load("libc.so.6").func("int clock_gettime(int id, _Out_ void *time)");
  const time = new BigInt64Array(2);
  return () => {
    clock(threadCpuTime, time);
    return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
  };
}

const thread = ofThread();
export const now: () => number = thread ?? (() => performance.now());
export const clockName = thread ? "time of the thread" : "time on the wall";
