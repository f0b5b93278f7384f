/**
 * A scene as a PNG: eight bits a colour, twice as many pixels a side as the scene has, so that it stays sharp on dense
 * screens. Text is drawn with letters of our own. Same scene, same bytes.
 */
import { zlibSync } from "fflate";
import { crc32 } from "../runtime/crc.ts";
import { glyph, inkOf } from "./font.ts";
import type { Colour, Rectangle, Scene, Text } from "./scene.ts";

const scale = 2;
/** Pixels of the picture a dot of a letter. */
const dot = { title: 3, body: 2 } as const;

interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Rows of red, green, blue, each row after a byte that says how it is filtered: 0, not at all. */
  readonly bytes: Uint8Array;
}

export function pngOf(scene: Scene): Uint8Array {
  const [width, height] = [Math.ceil(scene.width * scale), Math.ceil(scene.height * scale)];
  const canvas: Canvas = { width, height, bytes: new Uint8Array(height * (1 + 3 * width)) };
  for (const rectangle of scene.rectangles) fill(canvas, rectangle);
  for (const text of scene.texts) write(canvas, text);
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, width);
  head.setUint32(4, height);
  head.setUint8(8, 8);
  head.setUint8(9, 2);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [
    signature,
    chunk("IHDR", new Uint8Array(head.buffer)),
    chunk("IDAT", zlibSync(canvas.bytes, { level: 9 })),
    chunk("IEND", new Uint8Array()),
  ];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/** Its length, its name and content, and the checksum of these. */
function chunk(name: string, content: Uint8Array): Uint8Array {
  const made = new Uint8Array(12 + content.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, content.length);
  made.set(new TextEncoder().encode(name), 4);
  made.set(content, 8);
  view.setUint32(8 + content.length, crc32(made.subarray(4, 8 + content.length)));
  return made;
}

function fill(canvas: Canvas, { x, y, width, height, colour }: Rectangle): void {
  paint(
    canvas,
    Math.round(x * scale),
    Math.round(y * scale),
    Math.round((x + width) * scale),
    Math.round((y + height) * scale),
    colour,
  );
}

function write(canvas: Canvas, { x, y, text, size, anchor, colour }: Text): void {
  const each = dot[size];
  const width = (text.length * glyph.advance - (glyph.advance - glyph.width)) * each;
  const left = Math.round(x * scale) - (anchor === "end" ? width : 0);
  const top = Math.round(y * scale) - glyph.ascent * each;
  for (const [n, letter] of [...text].entries()) {
    for (const [column, row] of inkOf(letter)) {
      const [px, py] = [left + (n * glyph.advance + column) * each, top + row * each];
      paint(canvas, px, py, px + each, py + each, colour);
    }
  }
}

/** What lies outside of the picture is cut off. */
function paint(
  { width, height, bytes }: Canvas,
  left: number,
  top: number,
  right: number,
  bottom: number,
  colour: Colour,
): void {
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
    const row = y * (1 + 3 * width) + 1;
    for (let x = Math.max(0, left); x < Math.min(width, right); x++) bytes.set(colour, row + 3 * x);
  }
}
