/**
 * Checks the types of the client, the pages' scripts and the workers: `node types.js`. Exits with 1 on errors.
 * The compiler also checks every module that these import, and has no setting that leaves the vendored libraries out:
 * their errors are dropped here.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const compiler = fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url));
let count = 0;

for (const project of ["tsconfig.json", "tsconfig.workers.json"]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [compiler, "--pretty", "false", "-p", project], {
    cwd: here,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  // An error's further lines are indented.
  const errors = stdout.split(/\n(?!\s)/).filter((text) => text.trim() && !text.includes("/vendor/"));
  if (errors.length) console.log(errors.map((text) => text.replace(/^(\.\.\/)+/, "")).join("\n"));
  count += errors.length;
  if (status === null || (status !== 0 && !stdout.trim())) throw new Error(`The compiler failed: ${stderr}`);
}

if (count) console.log(`${count} errors in types.`);
process.exitCode = count ? 1 : 0;
