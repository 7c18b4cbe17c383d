// A page without a browser: as much of a document as its scripts need, and Plotly that keeps what it is told to draw.
// Reads lines of JSON, {page: [elements, script]} or {js, arguments}, and answers each with {value} or {error}.
"use strict";
const vm = require("node:vm");

class Node {
  constructor() { this.parentElement = null; }
  get isConnected() { return this.parentElement ? this.parentElement.isConnected : this instanceof Document; }
  remove() {
    const nodes = this.parentElement?.childNodes;
    if (nodes) nodes.splice(nodes.indexOf(this), 1);
    this.parentElement = null;
  }
  before(...nodes) { this.parentElement.insert(this.parentElement.childNodes.indexOf(this), nodes); }
}

class Text extends Node {
  constructor(text) { super(); this.textContent = text; this.nodeType = 3; }
}

const kebab = (name) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
const BOOLEAN = new Set(["hidden", "open", "checked", "disabled", "readOnly"]);
const HANDLED = ["click", "change", "input", "focus", "pointerenter", "pointermove", "pointerdown", "pointerleave"];
const TEXT = { className: "class", id: "id", href: "href", type: "type", title: "title", tabIndex: "tabindex" };

class Element extends Node {
  constructor(tag, attributes = {}) {
    super();
    Object.assign(this, { nodeType: 1, tagName: tag.toUpperCase(), childNodes: [], listeners: {} });
    this.attributes = { ...attributes };
    for (const name of BOOLEAN) this[name] = name.toLowerCase() in attributes;
    this.style = { setProperty(name, value) { this[name] = value; } };
    this.dataset = new Proxy({}, {
      get: (_, key) => this.attributes[`data-${kebab(String(key))}`],
      set: (_, key, value) => { this.attributes[`data-${kebab(key)}`] = String(value); return true; },
    });
    const classes = () => new Set((this.className ?? "").split(/\s+/).filter(Boolean));
    this.classList = { contains: (name) => classes().has(name), toggle: (name, on) => {
      const all = classes();
      if (on) all.add(name); else all.delete(name);
      this.className = [...all].join(" ");
    } };
    if (tag === "input" || tag === "option") this.value = attributes.value ?? "";
    for (const name of HANDLED) this[`on${name}`] = null;
    Object.assign(this, { clientWidth: 400, offsetWidth: 400 });
  }
  get children() { return this.childNodes.filter((node) => node.nodeType === 1); }
  get cells() { return this.children; }
  get textContent() { return this.childNodes.map((node) => node.textContent).join(""); }
  set textContent(text) { this.replaceChildren(...(text === "" ? [] : [String(text)])); }
  get options() { return this.querySelectorAll("option"); }
  get offsetParent() { return this.closest("[hidden]") || !this.isConnected ? null : this.parentElement; }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  getAttribute(name) { return this.attributes[name] ?? null; }
  removeAttribute(name) { delete this.attributes[name]; }
  insert(place, nodes) {
    const made = nodes.map((node) => (node instanceof Node ? node : new Text(String(node))));
    for (const node of made) { node.remove(); node.parentElement = this; }
    this.childNodes.splice(place, 0, ...made);
  }
  append(...nodes) { this.insert(this.childNodes.length, nodes); }
  prepend(...nodes) { this.insert(0, nodes); }
  replaceChildren(...nodes) {
    for (const node of [...this.childNodes]) node.remove();
    this.append(...nodes);
  }
  contains(node) { return node === this || Boolean(node?.parentElement && this.contains(node.parentElement)); }
  descendants() { return this.children.flatMap((node) => [node, ...node.descendants()]); }
  matches(selector) { return parsed(selector).some((chain) => fits(this, chain, null)); }
  closest(selector) { return this.matches(selector) ? this : this.parentElement?.closest?.(selector) ?? null; }
  querySelectorAll(selector) {
    const chains = parsed(selector);
    return this.descendants().filter((node) => chains.some((chain) => fits(node, chain, this)));
  }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
  addEventListener(name, listener) { (this.listeners[name] ??= []).push(listener); }
  dispatchEvent(event) {
    event.target ??= this;
    this[`on${event.type}`]?.(event);
    for (const listener of this.listeners[event.type] ?? []) listener(event);
    if (event.bubbles) this.parentElement?.dispatchEvent(event);
  }
  click() { this.dispatchEvent({ type: "click", bubbles: true, preventDefault() {} }); }
  focus() { window.document.activeElement = this; this.dispatchEvent({ type: "focus" }); }
  select() {}
  showModal() { this.open = true; }
  close() { this.open = false; }
  scrollIntoView() {}
  getBoundingClientRect() { return { left: 0, top: 0, bottom: 0, right: 0, width: 0, height: 0 }; }
  getContext() {
    const calls = (this.calls ??= []);
    const get = (pen, name) => pen[name] ?? ((...values) => calls.push([name, ...values]));
    return (this.pen ??= new Proxy({}, { get }));
  }
}
for (const [key, name] of Object.entries(TEXT)) {
  Object.defineProperty(Element.prototype, key, {
    get() { return this.attributes[name] ?? ""; },
    set(value) { this.attributes[name] = String(value); },
  });
}
class Document extends Element {
  createElement(tag) { return new Element(tag); }
  createElementNS(_, tag) { return new Element(tag); }
  getElementById(id) { return this.querySelector(`[id="${id}"]`); }
  get body() { return this.querySelector("body"); }
  get documentElement() { return this.querySelector("html"); }
}

// selectors: lists of chains of [combinator, test, test, ...]
const PSEUDO = /:(not|is|nth-child|first-child|scope)(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?/;
const ATTRIBUTE = /\[([\w-]+)(?:(\^?)=["']?([^\]"']*?)["']?)?\]/;
const TOKEN = new RegExp(`\\s*(>)\\s*|(\\s+)|${PSEUDO.source}|${ATTRIBUTE.source}|([.#]?)([\\w-]+)`, "gy");

function split(selector) {
  let depth = 0;
  return [...selector].reduce((list, c) => {
    depth += c === "(" ? 1 : c === ")" ? -1 : 0;
    if (c === "," && !depth) list.push(""); else list[list.length - 1] += c;
    return list;
  }, [""]).map((text) => text.trim());
}

const known = new Map();
function parsed(selector) {
  if (!known.has(selector)) known.set(selector, split(selector).map(parsedChain));
  return known.get(selector);
}

function parsedChain(text) {
  const chain = [[" "]];
  let read = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, child, space, pseudo, inside, name, begins, value, sign, word] = match;
    read += whole.length;
    if (child || space) chain.push([child ? ">" : " "]);
    else chain.at(-1).push((node, scope) => {
      if (pseudo === "not") return !parsed(inside).some((other) => fits(node, other, scope));
      if (pseudo === "is") return parsed(inside).some((other) => fits(node, other, scope));
      if (pseudo === "scope") return node === scope;
      if (pseudo) return node.parentElement.children.indexOf(node) + 1 === Number(inside ?? 1);
      if (name) {
        const text_ = BOOLEAN.has(name) ? (node[name] ? "" : undefined) : node.attributes[name];
        return text_ !== undefined && (value === undefined || (begins ? text_.startsWith(value) : text_ === value));
      }
      if (sign) return sign === "." ? node.classList.contains(word) : node.id === word;
      return node.tagName === word.toUpperCase();
    });
  }
  if (read !== text.length) throw new Error(`this selector is not known here: ${text}`);
  return chain;
}

function fits(node, chain, scope) {
  const [combinator, ...tests] = chain.at(-1), rest = chain.slice(0, -1);
  if (!(node instanceof Element) || node instanceof Document || !tests.every((test) => test(node, scope))) return false;
  if (!rest.length) return true;
  for (let above = node.parentElement; above; above = above.parentElement) {
    if (fits(above, rest, scope)) return true;
    if (combinator === ">") return false;
  }
  return false;
}

function built([tag, attributes, children]) {
  const made = new Element(tag, attributes);
  made.append(...children.map((child) => (typeof child === "string" ? child : built(child))));
  if (tag === "select") listValues(made);
  return made;
}

function listValues(list) {
  let chosen;
  const set = (value) => { chosen = String(value); };
  Object.defineProperty(list, "value", { get: () => chosen ?? list.options[0]?.value, set });
}

let window;
function opened(elements, script, address = "") {
  const document = new Document("#document"), errors = [], listeners = {};
  document.append(built(elements));
  const create = document.createElement;
  document.createElement = (tag) => {
    const made = create(tag);
    if (tag === "select") listValues(made);
    return made;
  };
  document.activeElement = document.body;
  const media = () => ({ matches: false, addEventListener() {} });
  const location = { hash: address };
  const pushState = (_, __, hash) => { location.hash = hash; };
  const Plotly = {
    react(box, data, layout) {
      Object.assign(box, { data, layout });
      box.classList.toggle("js-plotly-plot", true);
    },
  };
  window = {
    document, location, errors, Plotly, history: { pushState, replaceState: pushState }, matchMedia: media,
    innerWidth: 1280, innerHeight: 800, devicePixelRatio: 1, performance, navigator: {}, scrollTo() {},
    getComputedStyle: () => ({ getPropertyValue: () => "#808080", fontFamily: "sans-serif" }),
    addEventListener: (name, listener) => { listeners[name] = listener; },
    requestAnimationFrame: () => 1, cancelAnimationFrame() {}, ResizeObserver: class { observe() {} },
    ImageData: class { constructor(width, height) { this.data = new Uint8Array(4 * width * height); } },
    Path2D: class { lineTo() {} moveTo() {} },
    Event: class { constructor(type) { this.type = type; } },
    console: { error: (error) => errors.push(String(error.stack ?? error)) },
    atob, URLSearchParams, Blob, Response, DecompressionStream, setTimeout,
  };
  window.window = window;
  vm.createContext(window);
  vm.runInContext(script, window, { filename: "page.js" });
}

async function drawn() {
  for (let wait = 0; window.document.documentElement.dataset.drawn !== "yes"; wait++) {
    if (wait > 20000) throw new Error(`never drawn: ${window.errors.join("\n")}`);
    await new Promise((resume) => setTimeout(resume, wait > 50 ? 1 : 0));
  }
}

process.on("unhandledRejection", (error) => window.errors.push(String(error.stack ?? error)));
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  let answer;
  try {
    const { page, address, js, arguments: values } = JSON.parse(line);
    if (page) opened(...page, address);
    else answer = vm.runInContext(`(function () { return (${js}); })`, window)(...values);
    await drawn();
    answer = { value: answer ?? null };
  } catch (error) {
    answer = { error: String(error.stack ?? error) };
  }
  const whole = JSON.stringify(answer, (_, value) => (
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value));
  process.stdout.write(`${whole}\n`);
});
