// The page: asks, and draws what changed.

import { drawAccounts } from "/page/accounts.js";
import { drawCharts } from "/page/charts.js";
import { openDrawer, prepareDrawer } from "/page/drawer.js";
import { askOldPrices, follow, get } from "/page/feed.js";
import { drawKnowledge } from "/page/knowledge.js";
import { drawPipeline } from "/page/pipeline.js";
import { venue } from "/page/venue.js";
import { drawAges, drawVerdict, prepareCopy } from "/page/verdict.js";

const AGES_MS = 500;
const RETRY_MS = 2000;

function draw() {
  drawVerdict();
  drawPipeline(openDrawer);
  drawCharts();
  drawAccounts();
}

async function begin() {
  for (;;) {
    try {
      const [about, words, markets] = await Promise.all(
        [get("/page/about.json"), get("/page/words.json"), get("/v1/markets")]);
      venue.about = about;
      venue.words = words;
      venue.markets = markets.markets;
      return;
    } catch (error) {
      console.info("the venue did not answer", String(error));
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}

await begin();
drawKnowledge();
prepareCopy();
prepareDrawer();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawCharts(true));
setInterval(drawAges, AGES_MS);
let asked = false;
await follow(() => {
  draw();
  drawAges();
  if (!asked) {
    asked = true;
    askOldPrices(drawCharts);
  }
});
