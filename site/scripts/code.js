// A button that copies a block of code. (The theme's own makes a landmark of each block.)

import {make} from "./page.js";

const SHOWN_LONG = 2000;

export function startCode(block) {
  const {translations} = JSON.parse(document.getElementById("__config").textContent);
  const label = translations["clipboard.copy"];
  const button = make("button", {type: "button", class: "mm-copy", title: label, "aria-label": label});
  const said = make("span", {class: "mm-copy__said", role: "status"});
  button.addEventListener("click", async () => {
    const code = block.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = translations["clipboard.copied"];
      setTimeout(() => { said.textContent = ""; }, SHOWN_LONG);
    } catch {
      getSelection().selectAllChildren(code); // where a browser does not let pages copy, the reader does
    }
  });
  block.append(button, said);
}
