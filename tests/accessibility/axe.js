// Runs axe-core on HTML files: light, dark, and 360 pixels wide. Exit status 1: a violation.
//
//     node axe.js FILE...
//
// CHROMIUM names the browser; without it `chromium` of the PATH is used.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const views = [
  { name: "light", width: 1100, scheme: "light" },
  { name: "dark", width: 1100, scheme: "dark" },
  { name: "narrow", width: 360, scheme: "light" },
];
const executablePath =
  process.env.CHROMIUM ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();

const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] });
let violations = 0;
for (const file of process.argv.slice(2)) {
  for (const view of views) {
    const page = await browser.newPage();
    await page.setBypassCSP(true);
    await page.setViewport({ width: view.width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
    await page.goto(`file://${resolve(file)}`);
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run());
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > view.width) {
      violations += 1;
      console.log(`${file} (${view.name}): the page is ${width} pixels wide, not ${view.width}`);
    }
    for (const one of result.violations) {
      violations += 1;
      console.log(`${file} (${view.name}): ${one.id}: ${one.help}`);
      for (const node of one.nodes) console.log(`    ${node.html}`);
    }
    console.log(`${file} (${view.name}): ${result.passes.length} rules passed`);
    if (process.env.SHOTS) {
      await page.screenshot({ path: `${process.env.SHOTS}-${view.name}.png`, fullPage: true });
    }
    await page.close();
  }
}
await browser.close();
process.exit(violations ? 1 : 0);
