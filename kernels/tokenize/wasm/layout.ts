// Addresses of the tables, and counters of one call. Memory is imported; addresses are byte offsets into it.

/** Cells of the automaton; see `cells.ts`. */
export let cells: usize = 0;
/** By the first two bytes, little-endian: their cell, or 0. */
export let pathsOfTwo: usize = 0;
/** By byte: its token, as in `search.ts`. */
export let units: usize = 0;
/** By token: left and right part of its merge, or −1. */
export let parts: usize = 0;
/** Open-addressed hash table of merges: the token made, or −1. */
export let merges: usize = 0;
/** Slots of `merges` less one. */
export let mergeMask: u32 = 0;
/** Bits of pairs that may be merges; without its bit, a pair is none. */
export let filter: usize = 0;
/** Shift of a mixed hash to the number of its bit in `filter`. */
export let filterShift: u32 = 0;
/** Cache of verdicts on pairs. */
export let verdicts: usize = 0;
/** Memo of short pieces with up to 3 tokens. */
export let shortMemo: usize = 0;
/** Memo of longer pieces, and of those with more tokens. */
export let longMemo: usize = 0;
/** By row plus class: the next row times 8 plus flags, or −1. */
export let transitions: usize = 0;
/** By row: 1 if small letters of ASCII lead from it to itself, and a piece may end after each. */
export let loops: usize = 0;
/** By ASCII code point: its class. */
export let ascii: usize = 0;
/** By code point >> 8: its block of classes, 16 bits. */
export let blockOf: usize = 0;
/** By block and code point & 255: the class. */
export let classOf: usize = 0;
/** Row at which pieces begin. */
export let startRow: u32 = 0;
/** Class of the end of the text. */
export let endClass: u32 = 0;
/** By the longest token at an offset: that token, and the place in `ways` of the one chosen last. */
export let hints: usize = 0;
/** Tokens that begin at one offset, 8 bytes each. */
export let ways: usize = 0;
/** Pieces of one batch, 32 bytes each. */
export let batch: usize = 0;
/** Tokens chosen so far, 8 bytes each; set by every call. */
export let chosen: usize = 0;
/** Where counts of the last call are written. */
export let report: usize = 0;

/** Shift of a token's length in its word. The bits below it are the id. */
export const LENGTH_SHIFT: u32 = 22;
/** Bit of a word whose token ends a piece. */
export const ENDS: u32 = 0x80000000;

/** Steps of the automaton over bytes. */
export let steps: u32 = 0;
/** Tokens that were tried. */
export let tried: u32 = 0;
/** Merges looked up. */
export let pairs: u32 = 0;

export function addSteps(stepCount: u32, triedCount: u32): void {
  steps += stepCount;
  tried += triedCount;
}

export function addPairs(count: u32): void {
  pairs += count;
}

/** Reads all addresses, in the order above, from 32-bit numbers at `at`. */
export function setUp(at: usize): void {
  cells = load<u32>(at);
  pathsOfTwo = load<u32>(at, 4);
  units = load<u32>(at, 8);
  parts = load<u32>(at, 12);
  merges = load<u32>(at, 16);
  mergeMask = load<u32>(at, 20);
  filter = load<u32>(at, 24);
  filterShift = load<u32>(at, 28);
  verdicts = load<u32>(at, 32);
  shortMemo = load<u32>(at, 36);
  longMemo = load<u32>(at, 40);
  transitions = load<u32>(at, 44);
  loops = load<u32>(at, 48);
  ascii = load<u32>(at, 52);
  blockOf = load<u32>(at, 56);
  classOf = load<u32>(at, 60);
  startRow = load<u32>(at, 64);
  endClass = load<u32>(at, 68);
  hints = load<u32>(at, 72);
  ways = load<u32>(at, 76);
  batch = load<u32>(at, 80);
  report = load<u32>(at, 84);
}

export function chooseAt(at: usize): void {
  chosen = at;
}
