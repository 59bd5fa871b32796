/**
 * Reader of the kernels in an xclbin's embedded metadata, which is XML. The reader skips text and unknown
 * elements.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { XclbinArgument } from "./xclbin.ts";
import { XCLBIN_LIMITS } from "./xclbin_format.ts";

/** Kernel in the XML. The section IP_LAYOUT has the base addresses of its instances too. */
export interface KernelXml {
  /** Name, such as `vadd`. */
  readonly name: string;
  /** Size of the register range in bytes. */
  readonly range: number;
  /** Arguments in order of their index. */
  readonly arguments: readonly XclbinArgument[];
  /** Instances, with the base address of their registers. */
  readonly instances: readonly { readonly name: string; readonly base: bigint }[];
}

/** Kinds of arguments, indexed by `addressQualifier`. */
const KINDS = ["scalar", "buffer", "constant", "local", "stream"] as const;

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Text or markup to skip, or a tag with its attributes. Sticky, so that the search never skips invalid text. */
const MARKUP =
  /[^<]+|<\?[^>]*\?>|<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<!DOCTYPE[^>[]*>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;

const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads the kernels.
 *
 * @param xml Text of the section EMBEDDED_METADATA.
 * @returns Kernels in the order of the XML.
 * @throws {OnpathError} `file` when the text is no XML or exceeds {@linkcode XCLBIN_LIMITS}, or a number is
 * invalid.
 */
export function readKernelXml(xml: string): KernelXml[] {
  const kernels: KernelXml[] = [];
  let kernel: { name: string; range: number; arguments: XclbinArgument[]; instances: Instance[] } | undefined;
  let instance: Instance | undefined;
  for (const { tag, attributes, closes } of elements(xml)) {
    if (closes) {
      if (tag === "kernel") kernel = undefined;
      if (tag === "instance") instance = undefined;
    } else if (tag === "kernel") {
      kernels.push(kernel = { name: text(attributes, "name", tag), range: 0, arguments: [], instances: [] });
    } else if (kernel === undefined) continue;
    else if (tag === "port" && attributes["mode"] === "slave") {
      kernel.range = Math.max(kernel.range, small(attributes, "range", tag));
    } else if (tag === "arg") {
      const argument = readArgument(attributes);
      if (argument !== undefined) kernel.arguments.push(argument);
    } else if (tag === "instance") {
      kernel.instances.push(instance = { name: text(attributes, "name", tag), base: 0n });
    } else if (tag === "addrRemap" && instance !== undefined) {
      instance.base = whole(attributes, "base", tag);
    }
  }
  for (const { arguments: list } of kernels) (list as XclbinArgument[]).sort((a, b) => a.index - b.index);
  return kernels;
}

interface Instance {
  readonly name: string;
  base: bigint;
}

type Attributes = Readonly<Record<string, string>>;

/** Reads an argument; undefined without an id, such as the buffer of printf, which the host does not set. */
function readArgument(attributes: Attributes): XclbinArgument | undefined {
  if (!attributes["id"]) return undefined;
  const qualifier = small(attributes, "addressQualifier", "arg");
  const kind = KINDS[qualifier];
  if (kind === undefined) throw malformed(`<arg> has addressQualifier ${qualifier}`);
  return {
    name: text(attributes, "name", "arg"),
    index: small(attributes, "id", "arg"),
    kind,
    port: attributes["port"] ?? "",
    bytes: small(attributes, "size", "arg"),
    offset: small(attributes, "offset", "arg"),
    type: attributes["type"] ?? "",
  };
}

function* elements(xml: string): Generator<{ tag: string; attributes: Attributes; closes: boolean }> {
  if (xml.length > XCLBIN_LIMITS.xml) throw malformed(`it has ${xml.length} characters`);
  let count = 0;
  for (let at = 0; at < xml.length;) {
    // The expression is shared: between two elements the caller may read another document.
    MARKUP.lastIndex = at;
    const match = MARKUP.exec(xml);
    if (match === null) throw malformed(`"${xml.slice(at, at + 40)}" is invalid markup`);
    at = MARKUP.lastIndex;
    const [, closing, tag, list, empty] = match;
    if (tag === undefined) continue;
    if (++count > XCLBIN_LIMITS.elements) {
      throw malformed(`it has more than ${XCLBIN_LIMITS.elements} elements`);
    }
    if (closing === "/") {
      yield { tag, attributes: {}, closes: true };
      continue;
    }
    const attributes: Record<string, string> = Object.create(null);
    for (const [, name, double, single] of list!.matchAll(ATTRIBUTE)) {
      attributes[name!] = (double ?? single)!.replaceAll(
        /&(\w+);/g,
        (whole, entity) => Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity]! : whole,
      );
    }
    yield { tag, attributes, closes: false };
    if (empty === "/") yield { tag, attributes: {}, closes: true };
  }
}

function text(attributes: Attributes, name: string, tag: string): string {
  const value = attributes[name];
  if (!value) throw malformed(`<${tag}> has no ${name}`);
  return value;
}

function whole(attributes: Attributes, name: string, tag: string): bigint {
  const value = attributes[name] ?? "";
  if (value === "") return 0n;
  if (!/^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(value)) throw malformed(`<${tag}> has ${name}="${value}"`);
  return BigInt(value);
}

/** Reads a number of at most 32 bits. */
function small(attributes: Attributes, name: string, tag: string): number {
  const value = whole(attributes, name, tag);
  if (value > 0xffff_ffffn) throw malformed(`<${tag}> has ${name}="${attributes[name]}"`);
  return Number(value);
}

function malformed(what: string): OnpathError {
  return new OnpathError("file", `Cannot read the metadata of an xclbin: ${what.slice(0, 200)}`, { what });
}
