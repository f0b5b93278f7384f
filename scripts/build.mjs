// `npm run build`: the sources as JavaScript with types in dist/. Built beside it and swapped in at the end, so that
// nothing of an older build stays behind and whoever runs the command line meanwhile finds a whole one.
import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [made, dist, old] = [`${root}/dist.${process.pid}`, `${root}/dist`, `${root}/dist.${process.pid}.old`];
try {
  const args = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", made];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  process.exitCode = status ?? 1;
  if (status === 0) {
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(made, dist);
  }
} finally {
  for (const path of [made, old]) rmSync(path, { recursive: true, force: true });
}
