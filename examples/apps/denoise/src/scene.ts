/** A picture to begin with: a lighthouse by the sea in the evening, with edges, slopes and repeated detail to tell apart. */
import type { Drawing } from "./pixels.ts";

export const lighthouse: Drawing = (context, width, height) => {
  context.scale(width / 96, height / 64);
  const fill = (colour: string | CanvasGradient, ...points: readonly (readonly [number, number])[]): void => {
    context.fillStyle = colour;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.fill();
  };
  const disc = (colour: string, x: number, y: number, radius: number): void => {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  };
  const box = (colour: string | CanvasGradient, x: number, y: number, w: number, h: number): void =>
    fill(colour, [x, y], [x + w, y], [x + w, y + h], [x, y + h]);

  const sky = context.createLinearGradient(0, 0, 0, 42);
  [["#22345f", 0] as const, ["#9a5f86", 0.55] as const, ["#f4a66a", 1] as const].forEach(([c, at]) =>
    sky.addColorStop(at, c),
  );
  box(sky, 0, 0, 96, 42);
  disc("#ffe2a0", 30, 36, 8);
  box("#1d4a63", 0, 41, 96, 23);
  for (let row = 0; row < 7; row++)
    for (let wave = 0; wave < 9; wave++)
      box(wave % 4 === row % 4 ? "#f0a86f" : "#2f6f86", ((wave * 13 + row * 7) % 104) - 6, 44 + row * 3, 6 + row, 1);
  fill("#2b2a33", [52, 64], [58, 50], [68, 45], [82, 46], [92, 54], [96, 64]);
  fill("#f3efe6", [67, 46], [69, 16], [77, 16], [79, 46]);
  for (let stripe = 0; stripe < 3; stripe++) {
    const [top, bottom] = [19 + stripe * 10, 24 + stripe * 10];
    const edge = (y: number): number => ((46 - y) / 30) * 2;
    fill(
      "#b8322f",
      [67 + edge(top), top],
      [79 - edge(top), top],
      [79 - edge(bottom), bottom],
      [67 + edge(bottom), bottom],
    );
  }
  box("#2b2a33", 68, 14, 10, 2);
  box("#ffe9b0", 70, 9, 6, 5);
  fill("#2b2a33", [69, 9], [73, 5], [77, 9]);
  context.globalAlpha = 0.3;
  fill("#ffe9b0", [70, 11], [0, 2], [0, 16], [70, 13]);
  context.globalAlpha = 1;
  for (const [x, y] of [
    [12, 20],
    [18, 17],
    [23, 22],
  ] as const)
    fill("#1b2440", [x - 3, y - 1], [x, y], [x + 3, y - 1], [x, y + 1]);
};
