// `npm run setup`: installs the system packages that the tests need where it may (root and apt), otherwise names
// them and how to get them. Does nothing where all are there.
import { execFileSync, spawnSync } from "node:child_process";

const needed = [
  ["chromium", () => runs("chromium", ["--version"])],
  ["gcc", () => runs("gcc", ["--version"])],
  ["clang-19", () => runs("clang-19", ["--version"])],
  ["libclang-rt-19-dev", () => installed("libclang-rt-19-dev")],
  ["lld-19", () => runs("ld.lld-19", ["--version"])],
  ["qemu-user", () => runs("qemu-aarch64", ["--version"])],
  ["qemu-system-arm", () => runs("qemu-system-arm", ["--version"])],
];

function runs(command, args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
function installed(name) {
  return spawnSync("dpkg", ["-s", name], { stdio: "ignore" }).status === 0;
}

const missing = needed.filter(([, there]) => !there()).map(([name]) => name);
if (missing.length) {
  const apt = ["install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...missing];
  if (process.getuid?.() === 0 && runs("apt-get", ["--version"])) {
    console.error(`installing ${missing.join(", ")}`);
    execFileSync("apt-get", ["update", "-qq"], { stdio: ["ignore", "ignore", "inherit"] });
    execFileSync("apt-get", apt, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  } else {
    console.error(
      `The tests also need: ${missing.join(", ")}\nGet them with: sudo apt-get install --no-install-recommends ${missing.join(" ")}`,
    );
    if (process.env.CI) process.exitCode = 1;
  }
}
