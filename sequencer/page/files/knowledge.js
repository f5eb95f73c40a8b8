// Two columns, and what has to be trusted: sentences, each with where it is told in full.

import { byId, fill, make } from "/page/dom.js";
import { venue } from "/page/venue.js";

/** Draw the sentences. They do not change while the page is open. */
export function drawKnowledge() {
  const { words } = venue;
  fill(byId("verdict-silent"), ...words.silent.map((each) => make("li", {}, each.sentence)));
  for (const id of ["knows", "unknown", "trust"]) {
    fill(byId(id), ...words[id].map((each) => make("li", {}, each.sentence,
      ...each.sources.map(source))));
  }
}

/** Where a sentence is told in full: a page of docs/ or a rule of the specification. */
const source = (name) => make("span", {}, " ", make("span", { class: "source", title: name },
  name.replace("docs/", "").replace("/README.md", "").replace(".md", "")));
