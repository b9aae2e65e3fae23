"use strict";
// The page without scripts is complete but for the lineage panel, sorting, curves, single classes and search.
const DATA = JSON.parse(document.getElementById("graph").textContent);
const BY_PATH = new Map(DATA.files.map((file) => [file.path, file]));

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element with attributes (`onclick` and the like are listeners) and children: elements, texts, and nothing for null. */
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

function bytes(size) {
  let unit = "bytes";
  for (const larger of ["kB", "MB", "GB", "TB"]) {
    if (size < 1000) break;
    [size, unit] = [size / 1000, larger];
  }
  return `${unit === "bytes" ? size : Number(size.toPrecision(3))} ${unit}`;
}

// ---- theme

const theme = $("#theme");
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (systemIsDark.matches ? "dark" : "light")) === "dark";
const tellTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
theme.addEventListener("click", () => {
  const chosen = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("larvseg-theme", chosen);
  } catch {
    // it holds for this visit
  }
  tellTheme();
});
systemIsDark.addEventListener("change", tellTheme);
tellTheme();

// ---- sorting

const THOUSANDS = { K: 1e3, M: 1e6 };

/** What a cell is sorted by: its number if it begins with one (20K is 20 000), otherwise its text; null for an empty one, which comes last. */
function sortKey(cell) {
  const text = cell.textContent.trim();
  if (!text || text === "–") return null;
  const digits = text.replace("−", "-").replace(/^\+/, "").match(/^(-?\d[\d\u00a0 ]*(?:\.\d+)?)([KM])?/);
  if (!cell.classList.contains("n") || !digits) return text.toLocaleLowerCase("en");
  return Number(digits[1].replace(/[\u00a0 ]/g, "")) * (THOUSANDS[digits[2]] ?? 1);
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}

/** Let the headings of `table` sort its rows: once, the other way round, and as they were. */
function sortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = $$("thead th[scope=col]", table);
  heads.forEach((head) => {
    const column = head.cellIndex;
    $("button", head).addEventListener("click", () => {
      const first = head.classList.contains("n") ? "descending" : "ascending"; // the highest number is what one looks for
      const second = first === "descending" ? "ascending" : "descending";
      const before = head.getAttribute("aria-sort");
      const order = before === null ? first : before === first ? second : null;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      table.classList.toggle("sorted", order !== null);
      if (order === null) return body.append(...original);
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const keyed = original.map((row) => [sortKey(row.cells[column]), row]);
      keyed.sort(([one], [other]) => (one === null) - (other === null) || (one === null ? 0 : sign * compare(one, other)));
      body.append(...keyed.map(([, row]) => row));
    });
  });
}

$$("table.sortable").forEach(sortable);

// ---- lineage

const ROLES = { model: "checkpoint", config: "configuration", curves: "training curves", card: "model card", confusion: "confusion counts", metrics: "metrics", manifest: "manifest", rejects: "images that cannot be read", table: "table", cells: "cells" };
const MANY = 6; // files of one step that are listed at once

/** The steps behind `paths`, those that were made last first: [job, the files of it that count]. A table's own inputs are those in `only`. */
function chainOf(paths, only = null) {
  const files = new Set();
  const waiting = paths.map((path) => BY_PATH.get(path)).filter(Boolean);
  while (waiting.length) {
    const file = waiting.pop();
    if (files.has(file)) continue;
    files.add(file);
    const inputs = DATA.jobs[file.job].inputs.map((number) => DATA.files[number]);
    waiting.push(...(only && paths[0] === file.path ? inputs.filter((input) => only.has(input.path)) : inputs));
  }
  const made = new Map();
  for (const file of DATA.files) {
    // beside what was read stand the other files that the same step wrote: counts beside metrics, the configuration beside a checkpoint
    const job = DATA.jobs[file.job];
    const sibling = job.rule !== "fetch" && DATA.files.some((other) => files.has(other) && other.job === file.job);
    if (files.has(file) || sibling) made.set(file.job, [...(made.get(file.job) ?? []), file]);
  }
  return [...made].map(([job, list]) => [DATA.jobs[job], list]).sort(([one], [other]) => other.level - one.level);
}

function flat(value, prefix = "") {
  if (value === null || typeof value !== "object") return [[prefix, String(value)]];
  const items = Object.entries(value);
  if (!items.length) return [[prefix, JSON.stringify(value)]];
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== "object")) return [[prefix, value.join(", ")]];
  return items.flatMap(([key, inner]) => flat(inner, prefix ? `${prefix}.${key}` : key));
}

const settings = (pairs) => h("dl", {}, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
const sha = (text) => h("code", { class: "sha" }, text);

function originOf(origin) {
  if (!origin) return null;
  if (origin.drawn) return `drawn here, seed ${origin.drawn.seed}`;
  return [origin.url ?? "personal link", origin.licence].filter(Boolean).join(", ");
}

function fileItem(file) {
  const about = [ROLES[file.role] ?? (file.origin ? null : file.role), bytes(file.size), originOf(file.origin)].filter(Boolean);
  const link = h("a", { href: `#file=${encodeURIComponent(file.path)}` }, h("code", {}, file.path));
  return h("li", {}, link, h("span", { class: "role" }, ` ${about.join(", ")}`), h("br"), sha(file.sha256));
}

function step([job, files]) {
  const [title, about] = DATA.steps[job.rule];
  // of a drawn archive the seed stands beside it; the rest of its world is in the configuration
  const told = DATA.told.filter((key) => key !== "world" && job.config[key] !== undefined && job.config[key] !== null);
  const listed = h("ul", {}, files.map(fileItem));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return h(
    "li",
    { class: job.rule },
    h("h3", {}, title, h("span", {}, ` ${job.name}`)),
    about ? h("p", {}, about) : null,
    files.length > MANY ? h("details", {}, h("summary", {}, `${files.length} files, ${bytes(size)}`), listed) : listed,
    told.length ? settings(told.flatMap((key) => flat(job.config[key], key))) : null,
    h("details", {}, h("summary", {}, "configuration and code"),
      settings(flat(job.config)),
      h("p", {}, `${job.code.functions} functions of ${job.code.modules} modules, sha256 of their fingerprints:`), sha(job.code.sha256),
      job.reference.length ? h("p", {}, "committed files that the step reads:") : null,
      h("ul", {}, job.reference.map(([path, digest]) => h("li", {}, h("code", {}, path), h("br"), sha(digest)))),
    ),
  );
}

function sourceItem(source) {
  const agrees = source.counted === undefined ? null : h("span", { class: "agrees" }, `✓ counted again from the confusion counts: ${source.counted}`);
  const path = BY_PATH.has(source.path) ? h("a", { href: `#file=${encodeURIComponent(source.path)}` }, source.path) : source.path;
  return h("li", {}, h("code", {}, path), " ", h("code", {}, source.pointer), agrees ? h("br") : null, agrees, BY_PATH.has(source.path) ? null : [h("br"), sha(source.sha256)]);
}

/** The panel of a number of a table. */
function numberPanel(number) {
  const sources = number.sources ?? [];
  const paths = [...new Set([...sources.map((source) => source.path), ...(number.manifest ? [number.manifest] : [])])];
  const published = number.column.startsWith("published_");
  const several = sources.length > 1 ? `, ${number.aggregate} of ${sources.length}` : "";
  return [
    Object.entries(number.row).filter(([name, text]) => name !== "run" && text).map(([, text]) => text).join("\u00a0· "),
    [
      h("p", { class: `value ${number.kind}` }, number.text),
      h("p", { class: "row" }, h("code", {}, number.column), " of ", h("code", {}, number.table), number.row.run ? [", run ", h("code", {}, number.row.run)] : null,
        number.raw === undefined ? null : `; unrounded ${number.raw}${several}`),
      published ? h("p", {}, "As the paper prints it, copied into this committed file:") : sources.length ? h("p", {}, "Read from:") : null,
      sources.length ? h("ul", { class: "found" }, sources.map(sourceItem)) : null,
      number.command ? [h("p", {}, number.sources ? "The same chain on a terminal, with each file compared with its record:" : "To count it again:"), h("pre", {}, number.command)] : null,
      published ? null : h("ol", { class: "chain" }, chainOf([number.table, ...paths], new Set(paths)).map(step)),
    ],
  ];
}

/** The panel of a file, or of several that something stands on. */
function filePanel(paths, title = paths[0]) {
  return [title, [h("ol", { class: "chain" }, chainOf(paths).map(step))]];
}

const panel = $("#panel");
let opener = null;

function open([title, content]) {
  const close = h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => panel.close() }, "×");
  $(".panel").replaceChildren(h("header", {}, h("h2", { id: "panel-title", tabindex: "-1" }, title), close), ...content.flat(Infinity).filter(Boolean));
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  $("#panel-title").focus();
}

/** What addresses lead to, #<kind>=<key>: the title and content of the panel, or nothing where there is none. Each gets the key, and as it stands there. */
const PLACES = {
  cell(key) {
    if (!Object.hasOwn(DATA.numbers, key)) return null;
    opener = $(`[data-cell="${CSS.escape(key)}"]`) ?? opener;
    return numberPanel(DATA.numbers[key]);
  },
  file: (path) => (BY_PATH.has(path) ? filePanel([path]) : null),
  claim(row) {
    const claim = DATA.claims[Number(row)];
    return claim ? filePanel(claim.files, claim.statement) : null;
  },
};

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // no address of this page
  }
}

/** Open what the address asks for. */
function follow() {
  const [kind, key] = location.hash.slice(1).split(/=(.*)/s);
  const asked = Object.hasOwn(PLACES, kind) ? PLACES[kind](decoded(key ?? ""), key ?? "") : null;
  if (asked) open(asked);
  else if (panel.open) panel.close();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-cell], .lineage");
  if (!button) return;
  opener = button;
  if (button.dataset.cell) location.hash = `cell=${button.dataset.cell}`;
});
panel.addEventListener("click", (event) => event.target === panel && panel.close());
panel.addEventListener("close", () => {
  if (Object.hasOwn(PLACES, location.hash.slice(1).split("=")[0])) history.replaceState(null, "", location.href.split("#")[0]);
  opener?.focus();
});
addEventListener("hashchange", follow);
follow();

// ---- figures at their full size

const large = $("#large");
for (const button of $$("figure .image")) {
  button.addEventListener("click", () => {
    const { src, alt } = $("img", button);
    $(".canvas", large).replaceChildren(h("img", { src, alt }));
    large.showModal();
  });
}
large.addEventListener("close", () => $(".canvas", large).replaceChildren());

// ---- files

const find = $("#find");
const SHOWN = 30;
find.addEventListener("input", () => {
  const wanted = find.value.trim().toLocaleLowerCase("en");
  const fits = wanted ? DATA.files.filter((file) => file.path.toLocaleLowerCase("en").includes(wanted) || file.sha256.startsWith(wanted)) : [];
  const more = fits.length > SHOWN ? [h("li", { class: "dim" }, `and ${fits.length - SHOWN} more`)] : [];
  $("#found").replaceChildren(...fits.slice(0, SHOWN).map(fileItem), ...more);
  if (wanted && !fits.length) $("#found").append(h("li", { class: "dim" }, "no such file"));
});

// ---- training curves

const COLOURS = ["#12998b", "#9a5fe0", "#4c9a36", "#d6336c", "#b07d0c", "#5b76e6", "#c24cc2", "#1b98c4", "#849a1f", "#a56c48"];
const DASHES = ["", "6 4", "2 3", "8 3 2 3"];
const WORDS = {
  loss_seg: "of pixel labels (loss_seg)",
  loss_cls: "of image labels (loss_cls)",
  loss_aux: "of attended patches (loss_aux)",
  warm: "categories whose ring is full (warm)",
  fill: "their slots that were filled (fill)",
  contrast: "how far attention tells them apart (contrast)",
  scale: "factor of normalised cosines, γ (scale)",
};
const SVG = "http://www.w3.org/2000/svg";

function s(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Round numbers that part [low, high] into about `count` pieces. */
function ticks(low, high, count) {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) found.push(Number(tick.toPrecision(12)));
  return found;
}

function plot(host) {
  const runs = DATA.curves.map((curve, number) => ({ ...curve, colour: COLOURS[number % COLOURS.length], dash: DASHES[Math.floor(number / COLOURS.length) % DASHES.length] }));
  const having = (name) => runs.filter((run) => run.series[name]).length;
  const names = new Set(runs.flatMap((run) => Object.keys(run.series)));
  const columns = [...names].filter((name) => name !== "step").sort((one, other) => having(other) - having(one));
  let column = columns[0];
  const like = (name) => runs.some((run) => run.name === name);
  const first = ["supervised-a150.seed0", "baseline-a150.seed0", "larvseg-a150.seed0", "larvseg-a150-i124.seed0"].filter(like);
  const chosen = new Set(first.length ? first : runs.slice(0, 4).map((run) => run.name));

  const box = h("div", { class: "plot" });
  const reading = h("p", { class: "reading", "aria-live": "polite" });
  const metrics = h("fieldset", { class: "choice" }, h("legend", {}, "What"));
  const legend = h("fieldset", { class: "choice" }, h("legend", {}, "Runs"));
  for (const name of columns) {
    const input = h("input", { type: "radio", name: "column", checked: name === column, onchange: () => { column = name; draw(); } });
    metrics.append(h("label", {}, input, WORDS[name] ?? name.replace("_", " ")));
  }
  const labels = new Map();
  for (const run of runs) {
    const input = h("input", { type: "checkbox", checked: chosen.has(run.name), onchange: () => { chosen[input.checked ? "add" : "delete"](run.name); draw(); } });
    const swatch = s("svg", { width: 22, height: 8, "aria-hidden": "true" }, s("line", { x1: 0, x2: 22, y1: 4, y2: 4, stroke: run.colour, "stroke-width": 3, "stroke-dasharray": run.dash }));
    labels.set(run, h("label", {}, input, swatch, run.name.replace(/\.seed0$/, "")));
    legend.append(labels.get(run));
  }

  function draw() {
    const width = Math.max(300, Math.min(1100, box.clientWidth - 32));
    const height = Math.round(Math.max(230, Math.min(400, width * 0.42)));
    const [left, right, top, bottom] = [52, 12, 10, 34];
    for (const [run, label] of labels) label.hidden = !run.series[column];
    const shown = runs.filter((run) => chosen.has(run.name) && run.series[column]);
    const values = shown.flatMap((run) => run.series[column].filter((value) => value !== null));
    const last = Math.max(1, ...shown.flatMap((run) => run.series.step));
    const low = Math.min(0, ...values);
    const high = Math.max(...values, low + 1e-9);
    const x = (step) => left + ((width - left - right) * step) / last;
    const y = (value) => top + (height - top - bottom) * (1 - (value - low) / (high - low));
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${column} of ${shown.map((run) => run.name).join(", ") || "no run"} by step` });
    for (const tick of ticks(low, high, 5)) {
      svg.append(s("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }), s("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, String(tick)));
    }
    for (const tick of ticks(0, last, width < 500 ? 4 : 8)) {
      svg.append(s("text", { x: x(tick), y: height - 12, "text-anchor": tick ? "middle" : "start" }, tick ? String(tick) : "step 0"));
    }
    for (const run of shown) {
      const points = run.series.step.map((step, place) => [step, run.series[column][place]]).filter(([, value]) => value !== null);
      const path = points.map(([step, value], place) => `${place ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
      svg.append(s("path", { class: "line", d: path, stroke: run.colour, "stroke-dasharray": run.dash }));
      if (points.length === 1) svg.append(s("circle", { cx: x(points[0][0]), cy: y(points[0][1]), r: 3.5, fill: run.colour }));
    }
    const cursor = s("line", { class: "cursor", y1: top, y2: height - bottom, visibility: "hidden" });
    svg.append(cursor);
    svg.addEventListener("pointermove", (event) => {
      const area = svg.getBoundingClientRect();
      const at = (((event.clientX - area.left) / area.width) * width - left) / (width - left - right) * last;
      const told = shown.map((run) => {
        const place = run.series.step.reduce((best, step, index) => (Math.abs(step - at) < Math.abs(run.series.step[best] - at) ? index : best), 0);
        return [run, run.series.step[place], run.series[column][place]];
      });
      if (!told.length) return;
      cursor.setAttribute("x1", x(told[0][1]));
      cursor.setAttribute("x2", x(told[0][1]));
      cursor.setAttribute("visibility", "visible");
      reading.textContent = `step ${told[0][1]}: ${told.map(([run, , value]) => `${run.name.replace(/\.seed0$/, "")} ${value ?? "–"}`).join(", ")}`;
    });
    reading.textContent = shown.length ? "" : "No run is chosen, or none has this.";
    box.replaceChildren(svg);
  }

  host.append(metrics, box, reading, legend);
  draw();
  new ResizeObserver(draw).observe(host);
}

if ($("#plot") && DATA.curves.length) plot($("#plot"));
