/** The rules for the JavaScript: those that the makers recommend, and some against mistakes that tests seldom find. */

import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/vendor/**"] },
  js.configs.recommended,
  {
    files: ["static/chat/js/**/*.js"],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "module",
      globals: { ...globals.browser, trustedTypes: "readonly" },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      // What characters a text may hold is said in classes that name control characters and combining ones.
      "no-control-regex": "off",
      "no-misleading-character-class": "off",
      "max-len": ["error", { code: 120, ignoreRegExpLiterals: true }],
      "no-implicit-globals": "error",
      "no-var": "error",
      "no-self-compare": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "all" }],
      "object-shorthand": "error",
      "prefer-const": ["error", { destructuring: "all" }],
    },
  },
  {
    files: ["static/chat/js/service-worker.js", "static/chat/js/pages/code/highlight-worker.js"],
    languageOptions: { globals: { ...globals.serviceworker, ...globals.worker } },
  },
  {
    files: ["config/javascript/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.node },
    rules: { "max-len": ["error", { code: 120 }] },
  },
];
