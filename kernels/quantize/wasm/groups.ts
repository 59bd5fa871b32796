// Codecs of groups, in AssemblyScript. scripts/build_engine.ts (`deno task engine`) compiles them to WebAssembly.
// `deno fmt` skips this file, because it would drop the decorators. The module shares the memory of an engine and
// keeps nothing in it: groups are read from one slot and written to another.
//
// Element types: 0 bf16, 1 f16, 2 f32. As a type parameter: u16, i16, f32. Sizes of groups are multiples of 16.

export { encodeFloats, encodeMx } from "./encode_floats";
export { encodeIntegers, encodeKivi } from "./encode_integers";
export { decodeFloats, decodeIntegers } from "./decode";
export { copy, transpose16, transpose32 } from "./transpose";
