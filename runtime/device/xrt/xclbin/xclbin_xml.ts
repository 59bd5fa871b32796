/**
 * The kernels as an xclbin's embedded metadata names them: an XML of elements and attributes. Only what
 * the host needs is read; unknown elements and text are passed over.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { XclbinArgument } from "./xclbin.ts";
import { XCLBIN_LIMITS } from "./xclbin_format.ts";

/** A kernel as the XML has it; addresses of instances stand in another section too. */
export interface KernelXml {
  /** What it is called. */
  readonly name: string;
  /** Bytes of its registers. */
  readonly range: number;
  /** Its arguments. */
  readonly arguments: readonly XclbinArgument[];
  /** Names of its instances and the addresses of their registers. */
  readonly instances: readonly { readonly name: string; readonly base: bigint }[];
}

/** What `addressQualifier` says. */
const KINDS = ["scalar", "buffer", "constant", "local", "stream"] as const;

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** A piece of markup: what is passed over, or a tag with its attributes. Sticky, so that it never backs up. */
const MARKUP =
  /[^<]+|<\?[^>]*\?>|<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<!DOCTYPE[^>[]*>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;

const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads the kernels.
 *
 * @param xml The text of the section EMBEDDED_METADATA.
 * @returns The kernels in their order.
 * @throws {OnpathError} `file` when it is no XML, too long, or a number in it is none.
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

/** An argument; those without a number, such as the buffer of printf, are no business of the host's. */
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
  MARKUP.lastIndex = 0;
  let count = 0;
  for (let at = 0; at < xml.length;) {
    // The expression is shared, and whoever takes an element may read another document.
    MARKUP.lastIndex = at;
    const match = MARKUP.exec(xml);
    if (match === null) throw malformed(`"${xml.slice(at, at + 40)}" is no markup`);
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
        (whole, entity) => ENTITIES[entity] ?? whole,
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

/** A number that fits 32 bits. */
function small(attributes: Attributes, name: string, tag: string): number {
  const value = whole(attributes, name, tag);
  if (value > 0xffff_ffffn) throw malformed(`<${tag}> has ${name}="${attributes[name]}"`);
  return Number(value);
}

function malformed(what: string): OnpathError {
  return new OnpathError("file", `Cannot read the metadata of an xclbin: ${what.slice(0, 200)}`, { what });
}
