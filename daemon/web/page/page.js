"use strict";
/* Shows status.json, sources.json and recent.json, every two seconds while somebody looks.
   Text of articles and sources reaches the page through textContent only; links only when http(s). */

const EVERY_MS = 2000;
const SHOWN_SOURCES = 200;
const $ = (id) => document.getElementById(id);
let before = null; /* the previous status and when it came, for rates */

function el(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined && text !== null) e.textContent = String(text);
  return e;
}

const whole = new Intl.NumberFormat("en");
function count(n) { return typeof n === "number" ? whole.format(n) : "–"; }

function bytes(n) {
  if (typeof n !== "number") return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let u = 0;
  while (n >= 1024 && u < units.length - 1) { n /= 1024; u++; }
  return (u && n < 10 ? n.toFixed(1) : Math.round(n)) + " " + units[u];
}

function span(s) {
  if (typeof s !== "number" || !isFinite(s)) return "–";
  s = Math.max(0, Math.round(s));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor(s % 86400 / 3600) + " h";
}

function time(text) { /* RFC 3339, or null */
  const t = text ? new Date(text) : null;
  return t && !isNaN(t) ? t : null;
}

function ago(text) {
  const t = time(text);
  if (!t) return "–";
  const s = (Date.now() - t) / 1000;
  return s >= 0 ? span(s) + " ago" : "in " + span(-s);
}

function webLink(url) {
  try {
    const u = new URL(url);
    return u.protocol === "http:" || u.protocol === "https:" ? u.href : null;
  } catch (e) { return null; }
}

/* ---- tiles */

function rate(status, read) {
  if (!before) return "";
  const s = (Date.now() - before.at) / 1000;
  const n = (read(status) - read(before.status)) / s;
  return isFinite(n) && n > 0 ? (n < 10 ? n.toFixed(1) : count(Math.round(n))) + " a second" : "";
}

function tile(name, value, note, mood) {
  const box = el("div", "tile" + (mood ? " " + mood : ""));
  const dd = el("dd", "", value);
  dd.append(el("small", "", note || ""));
  box.append(el("dt", "", name), dd);
  return box;
}

function showTiles(s) {
  const q = s.queue || {}, intake = s.intake || {}, sources = s.sources || {}, parser = s.parser || {};
  const live = s.live || {}, store = s.store || {}, fetch = s.fetch || {}, loop = s.loop || {};
  const workers = Array.isArray(s.workers) ? s.workers.length : 0;
  const failures = (parser.died || 0) + (parser.overran || 0) + (parser.malformed || 0);
  $("tiles").replaceChildren(
    tile("Accepted", count(q.accepted), rate(s, (x) => x.queue.accepted)),
    tile("Done", count(q.done), rate(s, (x) => x.queue.done)),
    tile("Ready", count(q.ready), q.oldest_s > 0 ? "oldest " + span(q.oldest_s) : ""),
    tile("Leased", count(q.leased), q.delayed ? count(q.delayed) + " delayed" : ""),
    tile("Dead", count(q.dead), q.dead ? "dateline queue dead" : "", q.dead ? "bad" : ""),
    tile("Known already", count(intake.duplicate), "dropped"),
    tile("Workers", count(workers), q.redeliveries ? count(q.redeliveries) + " redeliveries" : "",
         workers ? "" : "warn"),
    tile("Sources", count(sources.total), sources.failing ? count(sources.failing) + " failing" :
         sources.paused ? count(sources.paused) + " paused" : "", sources.failing ? "warn" : ""),
    tile("Fetched", bytes(fetch.bytes), count(fetch.requests) + " requests"),
    tile("Documents read", count(parser.documents), failures ? count(failures) + " not survived" :
         count(parser.children) + " children", failures ? "warn" : ""),
    tile("Live feed", "#" + count(live.newest), count(live.subscriptions) + " subscriptions"),
    tile("State on disk", bytes(store.disk_bytes), typeof loop.busy === "number" ?
         "loop " + (100 * loop.busy).toFixed(1) + " % busy" : ""));
}

/* ---- tables */

function row(...cells) {
  const tr = el("tr");
  tr.append(...cells);
  return tr;
}

function twoLines(main, small, className) {
  const td = el("td", className, main);
  if (small) td.append(el("small", "", small));
  return td;
}

function health(s) {
  if (s.state === "paused") return twoLines("paused", s.why, "warn-text");
  if (s.class) return twoLines(s.class + (s.failures > 1 ? ", " + count(s.failures) + " in a row" : ""), s.error, "bad-text");
  return twoLines(s.last_success || s.items ? "ok" : s.state || "waiting", "", s.last_success ? "good-text" : "");
}

function sourceRank(s) { return s.class ? 0 : s.state === "paused" ? 1 : 2; }

function showSources(list) {
  $("sources-section").hidden = !Array.isArray(list);
  if (!Array.isArray(list)) return;
  const sorted = list.slice().sort((a, b) => sourceRank(a) - sourceRank(b));
  const shown = sorted.slice(0, SHOWN_SOURCES);
  $("sources-count").textContent = list.length > shown.length ?
    "first " + shown.length + " of " + count(list.length) + ", failing ones first" : "";
  $("sources-empty").hidden = list.length > 0;
  $("sources").replaceChildren(...shown.map((s) => row(
    twoLines(s.title || s.id, s.title ? s.id : s.url || s.path),
    health(s),
    el("td", "", s.next ? ago(s.next) : "–"),
    el("td", "", ago(s.last_success)),
    el("td", "number", count(s.items)))));
}

function lastHeard(value) {
  if (typeof value === "number") return span(value) + " ago";
  return ago(value);
}

function showWorkers(list) {
  if (!Array.isArray(list)) return;
  $("workers-empty").hidden = list.length > 0;
  $("workers").replaceChildren(...list.map((w) => row(
    el("td", "", w.name), el("td", "number", count(w.credit)), el("td", "number", count(w.held)),
    el("td", "number", count(w.done)), el("td", "", lastHeard(w.last)))));
}

/* ---- records */

function headlineOf(record) {
  const item = record.item || {};
  const first = (list) => Array.isArray(list) && list[0] && list[0].value;
  const text = first(item.headlines) || first(item.descriptions) || first(item.bodies) || record.url || "(no text)";
  return text.length > 300 ? text.slice(0, 300) + "…" : text;
}

function recordLine(record) {
  const li = el("li");
  const link = webLink(record.url);
  const head = el(link ? "a" : "span", "headline", headlineOf(record));
  if (link) {
    head.href = link;
    head.rel = "noopener noreferrer";
    head.target = "_blank";
  }
  head.dir = "auto";
  const analysis = record.analysis || {}, source = record.source || {};
  const topic = Array.isArray(analysis.topics) && analysis.topics[0];
  const language = analysis.language && analysis.language.code;
  const facts = el("div", "facts");
  if (record.event && record.event !== "new") facts.append(el("span", "chip event", record.event));
  if (topic) facts.append(el("span", "chip", topic.name || topic.uri));
  facts.append(el("span", "", source.title || source.id || ""));
  if (language) facts.append(el("span", "", language));
  const at = time(record.published) || time(record.fetched);
  if (at) {
    const when = el("time", "", at.toLocaleString());
    when.dateTime = at.toISOString();
    facts.append(when);
  }
  if (record.duplicateOf) facts.append(el("span", "", "same text as another source"));
  if (record.story && record.story.size > 1) facts.append(el("span", "", "story of " + count(record.story.size)));
  li.append(head, facts);
  return li;
}

let newestSeq = null;
function showRecent(list) {
  if (!Array.isArray(list)) return;
  $("recent-empty").hidden = list.length > 0;
  const seq = list.length ? list[0].seq : 0;
  if (seq === newestSeq) return; /* nothing new: leave what somebody may be selecting */
  newestSeq = seq;
  $("recent").replaceChildren(...list.map(recordLine));
}

/* ---- the state, and the turn */

function showState(mood, text) {
  $("light").className = "light " + mood;
  if ($("state-text").textContent !== text) $("state-text").textContent = text;
}

function showStatus(s) {
  if (s.trouble) showState("bad", s.trouble);
  else if (s.intake && s.intake.held) showState("warn", "sources wait: " + (s.intake.held_by || []).join(", "));
  else showState("good", "running");
  $("about").textContent = "version " + s.version + ", up " + span(s.uptime_s);
  showTiles(s);
  showWorkers(s.workers);
  before = { status: s, at: Date.now() };
}

async function get(path) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 5000);
  try {
    const reply = await fetch(path, { signal: stop.signal, cache: "no-store" });
    if (!reply.ok) throw new Error(path + ": " + reply.status);
    return await reply.json();
  } finally {
    clearTimeout(timer);
  }
}

async function turn() {
  if (!document.hidden) {
    try {
      showStatus(await get("/status.json"));
      showRecent(await get("/recent.json?n=50"));
      showSources(await get("/sources.json").catch(() => null));
    } catch (e) {
      showState("bad", "no answer from the daemon, trying again");
    }
  }
  setTimeout(turn, EVERY_MS);
}

turn();
