"use strict";
// In the head, before anything is painted: the theme that was chosen last, if one was.
try {
  const theme = localStorage.getItem("larvseg-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // storage may be forbidden; the system's theme does
}
