/**
 * A strict reader of small XML: elements and attributes, no text. What it takes is well-formed.
 *
 * @module
 */

/** An element. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Reads a document; throws where it is not well-formed, or has text. */
export function readXml(document: string): Element {
  const text = document.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  if (text === document) throw new Error("no XML declaration");
  const root: { tag: string; attributes: Record<string, string>; children: Element[] } = {
    tag: "",
    attributes: {},
    children: [],
  };
  const open = [root];
  const part =
    /\s*(?:<!--((?:(?!--)[^])*)-->|<(\/?)([A-Za-z_][\w.-]*)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>)\s*/y;
  while (part.lastIndex < text.length) {
    const at = part.lastIndex;
    const match = part.exec(text);
    if (match === null) throw new Error(`not well-formed at "${text.slice(at, at + 40)}"`);
    const [, comment, closing, tag, list, empty] = match;
    if (comment !== undefined) continue;
    if (closing === "/") {
      if (open.pop()!.tag !== tag || open.length === 0) throw new Error(`</${tag}> closes nothing`);
      continue;
    }
    const attributes: Record<string, string> = {};
    for (const [, name, value] of list!.matchAll(/([\w.-]+)="([^"]*)"/g)) {
      if (name! in attributes) throw new Error(`<${tag}> has ${name} twice`);
      attributes[name!] = value!.replaceAll(/&(\w*);?/g, (whole, entity: string) => {
        if (!whole.endsWith(";") || ENTITIES[entity] === undefined) throw new Error(`no entity ${whole}`);
        return ENTITIES[entity];
      });
    }
    const element = { tag: tag!, attributes, children: [] };
    open.at(-1)!.children.push(element);
    if (empty !== "/") open.push(element);
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error("not one root element");
  return root.children[0]!;
}
