/**
 * Pictures as numbers: rgb of 0 … 1, row-major. Takes what a canvas can draw, gives pixels, their patches, noise and
 * distances. Nothing here knows of attention.
 */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel. */
  readonly rgb: Float32Array<ArrayBuffer>;
}

export type Drawing = (context: CanvasRenderingContext2D, width: number, height: number) => void;

export function pixelsOf(draw: Drawing, width: number, height: number): Pixels {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = contextOf(canvas);
  draw(context, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, rgb: Float32Array.from({ length: 3 * width * height }, (_, n) => channel(data, n) / 255) };
}

/** The n-th of the three channels that are no alpha. */
const channel = (data: Uint8ClampedArray, n: number): number => data[4 * Math.floor(n / 3) + (n % 3)] ?? 0;

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws on no canvas");
  return context;
}

export function show(canvas: HTMLCanvasElement, { width, height, rgb }: Pixels): void {
  [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  for (let n = 0; n < width * height; n++) {
    for (let c = 0; c < 3; c++) image.data[4 * n + c] = 255 * (rgb[3 * n + c] ?? 0);
    image.data[4 * n + 3] = 255;
  }
  contextOf(canvas).putImageData(image, 0, 0);
}

/** Normal noise, the same for a seed, so that a slider changes how much of it there is and nothing else. */
export function noisy({ width, height, rgb }: Pixels, sigma: number): Pixels {
  let seed = 1;
  const uniform = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return { width, height, rgb: rgb.map((x) => Math.min(1, Math.max(0, x + sigma * normal()))) };
}

/** The brightness of the size × size pixels around each pixel; beyond an edge stands the edge. */
export function patchesOf({ width, height, rgb }: Pixels, size: number): Float32Array<ArrayBuffer> {
  const grey = Float32Array.from(
    { length: width * height },
    (_, n) => 0.3 * (rgb[3 * n] ?? 0) + 0.59 * (rgb[3 * n + 1] ?? 0) + 0.11 * (rgb[3 * n + 2] ?? 0),
  );
  const half = (size - 1) / 2;
  const within = (x: number, end: number): number => Math.min(end - 1, Math.max(0, x));
  const patches = new Float32Array(width * height * size * size);
  let at = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let dy = -half; dy <= half; dy++)
        for (let dx = -half; dx <= half; dx++)
          patches[at++] = grey[within(y + dy, height) * width + within(x + dx, width)] ?? 0;
  return patches;
}

/** Peak signal to noise in decibels. */
export function psnr(a: Pixels, b: Pixels): number {
  const squares = a.rgb.reduce((sum, x, n) => sum + (x - (b.rgb[n] ?? 0)) ** 2, 0);
  return -10 * Math.log10(squares / a.rgb.length);
}
