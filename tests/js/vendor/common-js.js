/**
 * Evaluates a CommonJS file in the browser. For the tests' copy of React only.
 */

/**
 * @param {string} path beside this file
 * @param {Record<string, any>} [modules] what the file may require
 */
export async function commonJs(path, modules = {}) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const module = { exports: {} };
  const run = new Function("module", "exports", "require", "process", await response.text());
  run(module, module.exports, (name) => modules[name], { env: { NODE_ENV: "development" } });
  return module.exports;
}
