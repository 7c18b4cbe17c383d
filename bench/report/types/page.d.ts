// The data of a page, as bench/report/data.py and sections.py write it, and what its scripts share.

interface Style {
  color: string;
  dash: string;
  width: number;
}

interface Optimizer extends Style {
  name: string;
  failed: string;
  order: number;
}

interface Price {
  name: string;
  short: string;
  title: string;
  note: string;
}

interface Cell {
  name: string;
  problem: string;
  dim: number;
  family: string;
  kind: "gap" | "value";
  targets: string[];
  /** -1 where values are those of a maximum. */
  sign: number;
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
  caption: string;
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

type Scale = "log" | "linear" | "choice";
type Value = number | string;

interface Settings {
  name: string;
  key: string;
  scale: Scale;
  lines: [value: Value, optimizer: string][][];
  caption: string;
}

interface Sensitivity {
  hyperparameter: string;
  problem: string;
  dim: number;
  kind: string;
  axes: string;
  cell: string;
  scale: Scale;
  curves: {
    optimizer: string;
    fraction: number | null;
    remark: string;
    points: [Value, number, "" | "default" | "tuned"][];
  }[];
  caption: string;
}

/** How sure a verdict is. */
interface Mark {
  text: string;
  look: "significant" | "open";
  hint: string;
}

type Segment = string | { o: number };

interface AnswerCell {
  empty?: string;
  o?: number;
  solved?: number;
  low?: number | null;
  high?: number | null;
  text?: string;
  interval?: string;
  mark?: Mark | null;
  failed?: Mark | null;
}

interface ProblemCell {
  empty?: string;
  o?: number;
  slot?: number;
  text?: string;
  remarks?: Mark[];
}

interface Answer {
  sentence: Segment[];
  crossing: Segment[];
  caption: string;
  rows: { family: number; title: string; note: string; crossing: Segment[]; cells: AnswerCell[] }[];
}

/** Formats and texts, with {} where something is to stand: see bench/measure/words.py. */
interface Words {
  interval: string;
  low_end: string;
  number: { digits: number; least: number; grouped: number; most: number; infinite: string; unknown: string };
  percent: { text: string; least: string; most: string };
  pairs: { verdicts: string[]; better: string; median: string; tested: string; untested: string };
  scaling: { fit: string; unsolved: string; dims: string; nothing: string; interval: string };
  costs: { stacked: string; dots: string; all: string; selected: string; lanes: string };
  kinds: { gap: string; value: string };
  failed: string;
  not_published: string;
  empty: { skipped: string; cost: string; "not asked": string };
}

interface PageData {
  words: Words;
  answers: Answer[][];
  problems: ProblemCell[][][];
  fits?: { problem: string; cells: number[]; targets: string[] }[];
  pairs_verdicts?: number[];
  pairs_tests?: number;
  pairs_caption?: string;
  optimizers: Optimizer[];
  ranked: number[];
  orders: { order: number; color: string }[];
  families: string[];
  prices: Price[];
  cells: Cell[];
  targets: string[];
  budgets: number[][];
  statuses: string[];
  all_solved: Record<number, string>;
  costs?: [problem: string, dim: number, optimizer: string, lanes: number, runs: number][];
  pairs?: [optimizer: string, rival: string][];
  landscape?: {
    views: LandscapeView[];
    paths: LandscapePath[];
    prices: Record<string, number>;
    around: number;
  };
  published?: { name: string; lines: PublishedLine[] };
  settings?: Settings[];
  sensitivity?: Sensitivity[];
}

/** Packed arrays of numbers; their axes: see bench/report/data.py. */
type ArrayName =
  | "grid" | "solved" | "planned" | "ert" | "low" | "high" | "successes" | "asked" | "posed" | "ran" | "runs"
  | "curve_cost" | "curve" | "run_cell" | "run_optimizer" | "run_status" | "run_best" | "run_seed" | "run_instance"
 | "runtimes" | "costs_seconds" | "pairs_values" | "exponents"
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
  rank?: number;
  remark?: string;
  cells?: number[];
  optimizers?: number[];
}

/** An object of a script without the fields that it has not: those of JavaScript are open. */
type Closed<T> = { [K in keyof T]: T[K] };

/** What scripts other than core add to `page`. */
interface Shared {
  legend(section: HTMLElement, most?: number): <T extends Item>(items: T[], look?: { mark?: boolean }) => T[];
  items<T extends { o: number }>(rows: T[], rank?: (row: T) => number, remark?: (row: T) => string): (T & Item)[];
  answerTable(box: HTMLElement, className: string, first: string, rows: HTMLElement[][]): void;
  answerCell(cell: { empty?: string; o?: number }, below: () => HTMLElement[]): HTMLElement;
  mark(mark: Mark): HTMLElement;
}

// The elements of a page are those of HTML.
interface ParentNode {
  querySelectorAll(selectors: string): NodeListOf<any>;
}

declare const Plotly: {
  react(box: HTMLElement, traces: object[], layout: object, config: object): Promise<unknown>;
  relayout(box: HTMLElement, layout: object): Promise<unknown>;
};
