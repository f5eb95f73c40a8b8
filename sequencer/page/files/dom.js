// Elements out of text. Nothing here or elsewhere turns text into markup.

/** The element of the page with this id. */
export const byId = (id) => document.getElementById(id);

/** An element with attributes; children are elements or text. */
export function make(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      found.setAttribute(name, value === true ? "" : String(value));
    }
  }
  found.append(...children.filter((child) => child !== null && child !== undefined));
  return found;
}

/** Set the text of an element, only where it changed: readers aloud then stay quiet. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put these children into an element, in place of what was there. */
export const fill = (element, ...children) => element.replaceChildren(...children);

/** A table: heads, then rows of cells; `text` names the columns that are not numbers. */
export function table(caption, heads, rows, text = []) {
  const kind = (place) => (text.includes(place) ? "text" : null);
  const head = make("tr", {}, ...heads.map((name, place) =>
    make("th", { scope: "col", class: kind(place) }, name)));
  const body = rows.map((row) => make("tr", {}, ...row.map((cell, place) =>
    make("td", { class: kind(place) }, String(cell)))));
  return make("table", { class: "grid", "aria-label": caption },
    make("thead", {}, head), make("tbody", {}, ...body));
}
