/*
 * Sets the remembered theme before the first paint: a module would run after it, and the page would flash.
 * The only script that blocks, and the only one that is not a module.
 */
(function () {
  try {
    const theme = localStorage.getItem("parley.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; then the system decides.
  }
})();
