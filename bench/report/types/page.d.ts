// The data of a page, as bench/report/data.py and sections.py write it, and what its scripts share.

interface Style {
  color: string;
  dash: string;
  width: number;
}

interface Optimizer extends Style {
  name: string;
  order: number;
}

interface Price {
  name: string;
  short: string;
  amount: string;
  title: string;
  note: string;
}

interface Cell {
  problem: string;
  dim: number;
  family: string;
  kind: "gap" | "value";
  scored: boolean;
  budget: number | null;
  targets: string[];
}

interface LandscapeView {
  problem: string;
  instance: number;
  low: number[];
  high: number[];
  base: number;
  kind: "gap" | "value";
  log: boolean;
  bottom: number;
  top: number;
  star: number[] | null;
  found: number | null;
}

interface LandscapePath {
  view: number;
  optimizer: string;
  seed: number;
  asked: number;
  begin: number;
  end: number;
}

interface PublishedLine {
  name: string;
  ours: boolean;
  dim: number;
  x: number[];
  y: number[];
  runs: number;
  functions: number;
}

interface PublishedRow {
  problem: string;
  dim: number;
  optimizer: string;
  successes: number;
  runs: number;
  algorithm: string;
  ert: number | null;
  low: number | null;
  high: number | null;
  published: number | null;
  ratio: number | null;
}

type Scale = "log" | "linear" | "choice";
type Value = number | string;

interface Settings {
  name: string;
  key: string;
  scale: Scale;
  lines: [value: Value, optimizer: string][][];
}

interface Sensitivity {
  hyperparameter: string;
  problem: string;
  dim: number;
  kind: "gap" | "value";
  scale: Scale;
  curves: { optimizer: string; share: number | null; left: number; points: [Value, number, "" | "default" | "tuned"][] }[];
}

interface PageData {
  optimizers: Optimizer[];
  orders: { order: number; color: string }[];
  families: string[];
  prices: Price[];
  cells: Cell[];
  budgets: number[][];
  crossings: [below: number, above: number, cost: number][][][];
  statuses: string[];
  costs?: [problem: string, dim: number, optimizer: string, lanes: number, runs: number][];
  pairs?: [optimizer: string, rival: string][];
  landscape?: {
    views: LandscapeView[];
    paths: LandscapePath[];
    prices: Record<string, number>;
    problems: number;
    around: number;
  };
  published?: { name: string; lines: PublishedLine[]; rows: PublishedRow[] };
  settings?: Settings[];
  sensitivity?: Sensitivity[];
}

/** Packed arrays of numbers; their axes: see bench/report/data.py. */
type ArrayName =
  | "grid" | "solved" | "planned" | "ert" | "low" | "high" | "successes" | "asked" | "posed" | "ran"
  | "curve_cost" | "curve" | "run_cell" | "run_optimizer" | "run_status" | "run_best" | "run_seed" | "run_instance"
  | "runtimes" | "limit" | "score" | "sure" | "tests" | "costs_seconds" | "pairs_values"
  | "landscape_x" | "landscape_best" | "landscape_cost" | "landscape_z";

interface Packed {
  shape: number[];
  values: Float32Array;
}

/** A curve of a legend. */
interface Item {
  id: string;
  name: string;
  order: number;
  style: Style;
  rank: number;
  remark: string;
  o?: number;
  cells?: number[];
  optimizers?: number[];
  sum?: { k: Float64Array; pairs: number; runs: number; cells: Set<number> };
}

/** An object of a script without the fields that it has not: those of JavaScript are open. */
type Closed<T> = { [K in keyof T]: T[K] };

/** What scripts other than core add to `page`. */
interface Shared {
  hint<T extends HTMLElement>(node: T, text: string): T;
  legend(section: HTMLElement, most?: number): <T extends Item>(items: T[], look?: { mark?: boolean }) => T[];
  optimizerItems(optimizers: number[], rank?: (o: number) => number, remark?: (o: number) => string): (Item & { o: number })[];
  answerHead(first: string): HTMLElement;
  labelled(box: HTMLElement): void;
  hardest(price: number, c: number, optimizers: number[]): number | undefined;
}

// The elements of a page are those of HTML.
interface ParentNode {
  querySelectorAll(selectors: string): NodeListOf<any>;
}

declare const Plotly: {
  react(box: HTMLElement, traces: object[], layout: object, config: object): Promise<unknown>;
  relayout(box: HTMLElement, layout: object): Promise<unknown>;
};
