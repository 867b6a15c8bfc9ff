// What browsers have and the compiler's library does not describe yet.

interface TrustedTypePolicy {
  createHTML(input: string): string;
  createScriptURL(input: string): string;
}

/** Chromium's; other browsers do without. */
declare var trustedTypes:
  | undefined
  | { createPolicy(name: string, rules: { createHTML?(input: string): string; createScriptURL?(input: string): string }): TrustedTypePolicy };
