// Byte pair encoding of a complete piece, by search: see `bpe_search.ts`, whose tokens these are.

import { addSteps, cells, chosen, ENDS, hints, LENGTH_SHIFT, pathsOfTwo, units, ways } from "./layout";
import { CELL_ID_SHIFT, CELL_MASK, CELL_TOKEN_MASK, HIGH_SHIFT, LOW_SHIFT, PARENT_SHIFT } from "./cells";
import { areCompatible } from "./pairs";

// A token that begins at an offset is a number of 64 bits: the token, its id from bit 21, its length from bit 43.
const TOKEN_MASK: u64 = 0x1fffff, ID_SHIFT: u64 = 21, SPAN_SHIFT: u64 = 43;

/** Bytes of `ways` up to which hints are left out: 8 tokens. */
const FEW: usize = 64;
/** Slots of hints. */
const HINTS: u32 = 1024;
/** No token. */
const NONE: u32 = 0xffffffff;

/** Bytes left in a piece from which repetitions are looked for. */
const RUN_FROM: usize = 256;

/**
 * Counts how often a token that was chosen twice in a row can follow again, because the text repeats it. Such a row
 * is right as far as it goes, as each two neighbours are compatible; its end is left to the search.
 */
function repeats(at: usize, end: usize, length: usize): usize {
  let same = at;
  while (same + 16 <= end && !v128.any_true(v128.xor(v128.load(same), v128.load(same - length)))) same += 16;
  const run = same - at;
  return run > RUN_FROM + length ? (run - RUN_FROM) / length : 0;
}

/** Whether a token can be chosen at `at`; `dead` is 0 if no offset was left. */
// @ts-ignore: decorator of AssemblyScript
@inline

function fits(record: u64, previous: u32, at: usize, start: usize, dead: usize): bool {
  if (dead !== 0 && load<u8>(dead + (at + <usize> (record >> SPAN_SHIFT) - start)) !== 0) return false;
  return at === start || areCompatible(previous, <u32> (record & TOKEN_MASK));
}

/**
 * Writes the words of a piece's tokens.
 *
 * @param start Address of the piece's first byte.
 * @param end Address after its last byte.
 * @param out Address of the first word.
 * @param dead Address of a zero byte for each of the piece's bytes; all are zero again afterwards.
 * @returns Number of tokens; 0 if the tables contradict each other.
 */
export function search(start: usize, end: usize, out: usize, dead: usize): u32 {
  const base = chosen;
  let at = start, previous = NONE, to = base;
  let stepCount: u32 = 0, triedCount: u32 = 0, deaths: u32 = 0;
  for (;;) {
    // Tokens that begin here, shortest first. Every byte has one.
    let way = ways;
    store<u64>(way, load<u64>(units + (<usize> load<u8>(at) << 3)));
    way += 8;
    let place = at + 1;
    let cell = place < end ? <u64> load<u32>(pathsOfTwo + (<usize> load<u16>(at) << 2)) : 0;
    if (cell !== 0) {
      let record: u64;
      for (place++;; place++) {
        const address = cells + (<usize> cell << 4);
        const links = load<u64>(address);
        record = load<u64>(address, 8);
        const token = record & CELL_TOKEN_MASK;
        if (token !== 0) {
          store<u64>(
            way,
            token - 1 | ((record >> CELL_ID_SHIFT & CELL_MASK) - 1) << ID_SHIFT |
              <u64> (place - at) << SPAN_SHIFT,
          );
          way += 8;
        }
        if (place === end) break;
        const byte = <u64> load<u8>(place);
        if ((links >> (LOW_SHIFT + (byte & 15)) & record >> (HIGH_SHIFT + (byte >> 4)) & 1) === 0) break;
        const next = (links & CELL_MASK) + byte;
        if ((load<u64>(cells + (<usize> next << 4)) >> PARENT_SHIFT & CELL_MASK) !== cell) break;
        cell = next;
      }
      if (at === start && place === end) {
        // Many pieces are one token.
        const id = <u32> (record >> CELL_ID_SHIFT & CELL_MASK);
        if (id !== 0) {
          store<u32>(out, id - 1 | min(<u32> (end - start), 511) << LENGTH_SHIFT | ENDS);
          addSteps(stepCount + <u32> (place - at), triedCount);
          return 1;
        }
      }
    }
    stepCount += <u32> (place - at);
    const last = previous;
    let found: u64 = 0;
    // In runs of signs a shorter token is often right. What was right last time is tried first.
    const hasHint = way - ways > FEW;
    const longest = <u32> (load<u64>(way - 8) & TOKEN_MASK);
    const hint = hints + (<usize> ((longest * 31 ^ previous) & (HINTS - 1)) << 3);
    if (hasHint && load<u32>(hint) === longest) {
      const record = load<u64>(ways + <usize> load<u32>(hint, 4));
      triedCount++;
      if (fits(record, previous, at, start, deaths === 0 ? 0 : dead)) found = record;
    }
    while (found === 0 && way > ways) {
      way -= 8;
      const record = load<u64>(way);
      triedCount++;
      if (!fits(record, previous, at, start, deaths === 0 ? 0 : dead)) continue;
      found = record;
      if (hasHint) {
        store<u32>(hint, longest);
        store<u32>(hint, <u32> (way - ways), 4);
      }
    }
    if (found !== 0) previous = <u32> (found & TOKEN_MASK);
    if (found !== 0) {
      const length = <usize> (found >> SPAN_SHIFT);
      store<u64>(to, found);
      to += 8;
      at += length;
      if (at === end) break;
      if (previous === last && end - at > RUN_FROM) {
        for (let more = repeats(at, end, length); more > 0; more--, to += 8, at += length) {
          store<u64>(to, found);
        }
      }
    } else {
      if (to === base) return 0;
      store<u8>(dead + (at - start), 1);
      deaths++;
      to -= 8;
      at -= <usize> (load<u64>(to) >> SPAN_SHIFT);
      previous = to > base ? <u32> (load<u64>(to - 8) & TOKEN_MASK) : NONE;
    }
  }
  if (deaths > 0) memory.fill(dead, 0, end - start);
  addSteps(stepCount, triedCount);
  let word = out;
  for (let from = base; from < to; from += 8, word += 4) {
    const record = load<u64>(from);
    store<u32>(
      word,
      <u32> (record >> ID_SHIFT) & 0x3fffff | min(<u32> (record >> SPAN_SHIFT), 511) << LENGTH_SHIFT,
    );
  }
  store<u32>(word - 4, load<u32>(word - 4) | ENDS);
  return <u32> (word - out) >> 2;
}
