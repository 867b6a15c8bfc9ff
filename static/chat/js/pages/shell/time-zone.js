/**
 * Leaves the browser's time zone in a cookie, for the server: Claude is told it with the prompts that are asked here.
 */

const YEAR_SECONDS = 31_536_000;

export function rememberTimeZone() {
  const name = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!name || document.cookie.split("; ").includes(`timezone=${name}`)) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `timezone=${name}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
}

rememberTimeZone();
// A laptop that has travelled finds its new zone while the page is open.
document.addEventListener("visibilitychange", rememberTimeZone);
