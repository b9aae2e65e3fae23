"use strict";
// Single classes: a table of each benchmark, written when it is first opened, and the search that leads into it.

const percent = (number) => (number === null ? "–" : number.toFixed(1));
const kindOf = (benchmark, at) => (benchmark.novel[at] ? "novel" : "base");
const addressOf = (...parts) => `#class=${parts.map(encodeURIComponent).join("/")}`;

/** What the run of `pair` has more than the other, in points of IoU. */
function gained(benchmark, pair, at) {
  const [run, without] = [benchmark.runs[pair.run].iou[at], benchmark.runs[pair.without].iou[at]];
  return run === null || without === null ? null : run - without;
}

/** A difference in points, coloured where it is one. */
function gainOf(number) {
  if (number === null) return "–";
  const points = Math.abs(number).toFixed(1);
  if (points === "0.0") return h("span", {}, "0.0");
  return h("span", { class: number < 0 ? "less" : "more" }, `${number < 0 ? "−" : "+"}${points}`);
}

// ---- tables

const detailsOf = (benchmark) => document.getElementById(`classes-${DATA.classes.indexOf(benchmark)}`);
const rowOf = (benchmark, at) => document.getElementById(`class-${DATA.classes.indexOf(benchmark)}-${at}`);

/** The runs that are compared, and then the others. */
function runsOf(benchmark) {
  const compared = benchmark.pairs.flatMap((pair) => [benchmark.runs[pair.without], benchmark.runs[pair.run]]);
  return [...new Set([...compared, ...benchmark.runs])];
}

function classHead(benchmark) {
  const column = (title, about, kind) => h("th", { scope: "col", class: kind }, h("button", { type: "button" }, title), about ? h("small", {}, about) : null);
  return h("tr", {}, column("class", null, "t"), column("kind", null, "t"),
    benchmark.pairs.map((pair) => column("gain", pair.title, "n")),
    benchmark.shown.length ? column("seen in", null, "t") : null,
    runsOf(benchmark).map((run) => column(run.title, run.data, "n")),
    Object.keys(benchmark.images).map((name) => column(name, "images", "n")));
}

/** "Figure 4" of "Figure 4: predictions side by side"; of other figures the name of the file. */
const shortTitle = (figure) => (figure.title.includes(":") ? figure.title.split(":")[0] : figure.id);

function classRow(benchmark, at) {
  const name = benchmark.names[at];
  const iou = (run) => (run.iou[at] === null ? "–" : h("a", { href: addressOf(benchmark.benchmark, name, run.run), class: "lineage", "aria-haspopup": "dialog" }, percent(run.iou[at])));
  const figures = benchmark.shown.filter((figure) => figure.classes.includes(at)).map((figure) => h("a", { href: `#${figure.id}`, title: figure.title }, shortTitle(figure)));
  return h("tr", { id: `class-${DATA.classes.indexOf(benchmark)}-${at}`, tabindex: "-1" },
    h("th", { scope: "row", class: "t" }, name),
    h("td", { class: `t ${kindOf(benchmark, at)}` }, kindOf(benchmark, at), benchmark.alone[at] ? " by name alone" : null),
    benchmark.pairs.map((pair) => h("td", { class: "n" }, gainOf(gained(benchmark, pair, at)))),
    benchmark.shown.length ? h("td", { class: "t seen" }, figures.map((link, place) => [place ? ", " : null, link])) : null,
    runsOf(benchmark).map((run) => h("td", { class: `n ${kindOf(benchmark, at)}` }, iou(run))),
    Object.values(benchmark.images).map((images) => h("td", { class: "n" }, String(images[at]))));
}

/** Write the table of `benchmark`, once. */
function fill(benchmark) {
  const host = $(".scroll", detailsOf(benchmark));
  if (host.firstChild) return;
  const rows = benchmark.names.map((_, at) => classRow(benchmark, at));
  const table = h("table", { class: "sortable classes" }, h("thead", {}, classHead(benchmark)), h("tbody", {}, rows));
  host.append(table);
  sortable(table);
}

DATA.classes.forEach((benchmark) => detailsOf(benchmark).addEventListener("toggle", () => fill(benchmark)));

// ---- where addresses lead

/** The panel of the IoU of the class `at` in `run`. */
function classPanel(benchmark, at, run) {
  const counted = run.counted.map((values) => values[at]);
  const sources = run.files.map((path, seed) => ({ path, pointer: `/classes/${at}/iou`, ...(counted[seed] === null ? {} : { counted: counted[seed] }) }));
  return [
    [benchmark.names[at], run.title, run.data].join("\u00a0· "),
    [
      h("p", { class: `value ${kindOf(benchmark, at)}` }, percent(run.iou[at])),
      h("p", { class: "row" }, "IoU in percent, ", h("code", {}, benchmark.table), ", run ", h("code", {}, run.run), run.files.length > 1 ? `; mean of ${run.files.length} seeds` : null),
      h("p", {}, "Read from:"),
      h("ul", { class: "found" }, sources.map(sourceItem)),
      h("p", {}, "To count it again:"),
      h("pre", {}, "larvseg audit verify"),
      h("ol", { class: "chain" }, chainOf([benchmark.table, ...run.files], new Set(run.files)).map(step)),
    ],
  ];
}

/** #class=<benchmark>/<class> leads to its row, with /<run> to the lineage of a number in it. */
PLACES.class = (_, key) => {
  const [name, named, run] = key.split("/").map(decoded);
  const benchmark = DATA.classes.find((each) => each.benchmark === name);
  const at = benchmark?.names.indexOf(named) ?? -1;
  if (at < 0) return null;
  const measured = benchmark.runs.find((each) => each.run === run);
  if (measured) return classPanel(benchmark, at, measured);
  detailsOf(benchmark).open = true;
  fill(benchmark);
  $$("tr.looked-up").forEach((row) => row.classList.remove("looked-up"));
  const row = rowOf(benchmark, at);
  row.classList.add("looked-up");
  opener = row; // what has the focus when the panel is closed
  if (panel.open) panel.close();
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  return null;
};

// ---- search

const box = $("#class-search");
const list = $("#class-list");
const told = $("#class-told");
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase("en");
const ENTRIES = DATA.classes.flatMap((benchmark) => benchmark.names.map((name, at) => {
  const words = plain(name);
  return { benchmark, at, name, words, searched: `${words} ${kindOf(benchmark, at)} ${plain(benchmark.benchmark)}` };
}));
let options = []; // [entry, node] of what is listed
let active = -1;

/** Classes that have each word of `text`; those that begin with it first, then those of which a word does, otherwise as the benchmarks list them. */
function matching(text) {
  const wanted = plain(text).trim();
  const words = wanted.split(/\s+/).filter(Boolean);
  const rank = (entry) => (entry.words === wanted ? 0 : entry.words.startsWith(wanted) ? 1 : words.some((word) => ` ${entry.words}`.includes(` ${word}`)) ? 2 : 3);
  const fits = words.length ? ENTRIES.filter((entry) => words.every((word) => entry.searched.includes(word))) : [];
  return fits.map((entry) => [rank(entry), entry]).sort(([one], [other]) => one - other).map(([, entry]) => entry);
}

/** What the runs that are compared have: in pairs with the gain, or, where there are no pairs, one by one. */
function measures({ benchmark, at }) {
  const iou = (number) => [benchmark.runs[number].title, " ", h("b", {}, percent(benchmark.runs[number].iou[at]))];
  const pairs = benchmark.pairs.map((pair) => {
    return h("span", {}, benchmark.pairs.length > 1 ? `${pair.title}: ` : null, iou(pair.without), " → ", iou(pair.run), " ", gainOf(gained(benchmark, pair, at)));
  });
  return pairs.length ? pairs : benchmark.runs.map((_, number) => h("span", {}, iou(number)));
}

function optionOf(entry, number) {
  const kind = kindOf(entry.benchmark, entry.at);
  return h("li", { role: "option", id: `class-option-${number}`, "aria-selected": "false", onclick: () => choose(number) },
    h("b", {}, entry.name), " ", h("span", { class: kind }, kind), " ", h("span", { class: "dim" }, entry.benchmark.benchmark), h("div", { class: "measures" }, measures(entry)));
}

function hide() {
  list.hidden = true;
  active = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function search() {
  hide();
  const found = matching(box.value);
  options = found.map((entry, number) => [entry, optionOf(entry, number)]);
  list.replaceChildren(...options.map(([, node]) => node));
  told.textContent = !box.value.trim() ? "" : found.length ? `${found.length} class${found.length > 1 ? "es" : ""}` : "no such class";
  told.classList.toggle("unseen", found.length > 0);
  list.scrollTop = 0;
  list.hidden = !found.length;
  box.setAttribute("aria-expanded", String(!list.hidden));
}

function activate(number) {
  if (active >= 0) options[active][1].setAttribute("aria-selected", "false");
  active = (number + options.length) % options.length;
  const node = options[active][1];
  node.setAttribute("aria-selected", "true");
  node.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", node.id);
}

/** Go to the row of a class that is listed. */
function choose(number) {
  const [{ benchmark, name }] = options[number];
  hide();
  const address = addressOf(benchmark.benchmark, name);
  if (location.hash === address) follow();
  else location.hash = address;
}

const KEYS = {
  ArrowDown: () => activate(active + 1),
  ArrowUp: () => activate(active < 0 ? -1 : active - 1),
  Enter: () => choose(Math.max(active, 0)),
  Escape: hide,
};

if (box) {
  box.addEventListener("input", search);
  box.addEventListener("focus", () => box.value && search());
  box.addEventListener("blur", () => hide());
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the click comes before the box is left
  box.addEventListener("keydown", (event) => {
    if (list.hidden && event.key === "ArrowDown" && box.value) search();
    if (list.hidden || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || panel.open || event.target.closest("input, textarea")) return;
    event.preventDefault();
    box.focus();
  });
}
if (location.hash.startsWith("#class=")) follow(); // what an address asked for before this could be found
