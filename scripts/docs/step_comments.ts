/**
 * Descriptions of steps and of their fields: the JSDoc of the types that users write.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import ts from "typescript";

/** Description of a step. */
export interface StepComment {
  /** Purpose of the step. */
  readonly summary: string;
  /** Descriptions by field. */
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Reads the comments of all steps in a source: interfaces and type literals with a field `op`.
 *
 * @param path TypeScript source.
 * @returns Comments by name of the step; names of one type are joined by commas.
 */
export function readStepComments(path: URL): Map<string, StepComment> {
  const source = ts.createSourceFile(path.pathname, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  const found = new Map<string, StepComment>();
  const visit = (node: ts.Node): void => {
    if (ts.isInterfaceDeclaration(node)) interfaces.set(node.name.text, node);
    if (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) {
      const inherited = ts.isInterfaceDeclaration(node)
        ? (node.heritageClauses ?? []).flatMap(({ types }) => types).flatMap((
          type,
        ) => [...interfaces.get(type.expression.getText())?.members ?? []])
        : [];
      const members = [...node.members, ...inherited].filter(ts.isPropertySignature);
      const fields = new Map(members.map((member) => [member.name.getText(), commentOf(member)]));
      const op = members.find(({ name }) => name.getText() === "op");
      const names = op === undefined ? [] : literals(op.type!);
      if (names.length > 0) {
        const summary = ts.isInterfaceDeclaration(node) ? commentOf(node) : fields.get("op")!;
        fields.delete("op");
        if (summary !== "") found.set(names.join(", "), { summary, fields });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Lists the strings of a literal type, or of a union of literal types. */
function literals(type: ts.TypeNode): string[] {
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(literals);
  return ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : [];
}

function commentOf(node: ts.Node): string {
  return ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join(" ").replace(/\s+/g, " ");
}
