/**
 * Mutants of a TypeScript file, made from its syntax tree: each is the file with one small change that is wrong.
 *
 * @module
 */

import ts from "typescript";

/** One change of one file. Plain data. */
export interface Mutant {
  /** Path of the file. */
  readonly file: string;
  /** Name of the enclosing function or method; empty at the top of the file. */
  readonly scope: string;
  /** Code around the change, on one line. */
  readonly text: string;
  /** The same code after the change. */
  readonly replacement: string;
  /** Number of earlier mutants of the file with the same scope, text and replacement. */
  readonly nth: number;
  /** Line of the change, from 1. */
  readonly line: number;
  /** Offset of the first character that is replaced. */
  readonly start: number;
  /** Offset behind the last character that is replaced. */
  readonly end: number;
  /** Characters that take their place. */
  readonly code: string;
}

/** Replaces part of a node. */
type Add = (shown: ts.Node, part: ts.Node, code: string) => void;

/** Operators with their replacements: the other side of a limit, the contrary of a condition. */
const OPERATORS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, "<="],
  [ts.SyntaxKind.LessThanEqualsToken, "<"],
  [ts.SyntaxKind.GreaterThanToken, ">="],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">"],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.AmpersandAmpersandToken, "||"],
  [ts.SyntaxKind.BarBarToken, "&&"],
  [ts.SyntaxKind.MinusToken, "+"],
]);

/** Code that a removed statement leaves. */
const REMOVED = ";";

/**
 * Lists all mutants of a file. Types, imports, texts and arguments of errors are not changed.
 *
 * @param file Path of the file.
 * @param source Text of the file.
 * @returns The mutants, in the order of the syntax tree.
 */
export function listMutants(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const counts = new Map<string, number>();
  const visit = (node: ts.Node, outer: string) => {
    if (isLeftAlone(node)) return;
    const scope = scopeName(node) ?? outer;
    mutate(node, (shown, part, code) => {
      const [from, start, end] = [shown.getStart(tree), part.getStart(tree), part.end];
      const text = oneLine(source.slice(from, shown.end));
      const replacement = oneLine(source.slice(from, start) + code + source.slice(end, shown.end));
      const key = JSON.stringify([scope, text, replacement]);
      const nth = counts.get(key) ?? 0;
      counts.set(key, nth + 1);
      const line = tree.getLineAndCharacterOfPosition(start).line + 1;
      found.push({ file, scope, text, replacement, nth, line, start, end, code });
    });
    ts.forEachChild(node, (child) => visit(child, scope));
  };
  visit(tree, "");
  return found;
}

/**
 * Changes a source.
 *
 * @param mutant A mutant of this source.
 * @param source Text of the file.
 * @returns The changed text.
 */
export function applyMutant({ start, end, code }: Mutant, source: string): string {
  return source.slice(0, start) + code + source.slice(end);
}

/** Changes of one node, without its children. */
function mutate(node: ts.Node, add: Add): void {
  if (ts.isBinaryExpression(node)) {
    const operator = OPERATORS.get(node.operatorToken.kind);
    if (operator !== undefined) add(node, node.operatorToken, operator);
  } else if (ts.isNumericLiteral(node)) {
    const { parent } = node;
    const shown = ts.isExpression(parent) || ts.isVariableDeclaration(parent) ? parent : node;
    const value = Number(node.text);
    if (Number.isSafeInteger(value)) add(shown, node, value === 1 ? "0" : String(value + 1));
  } else if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
    add(node.parent, node, node.kind === ts.SyntaxKind.TrueKeyword ? "false" : "true");
  } else if (ts.isIfStatement(node)) negate(node.expression, add);
  else if (ts.isConditionalExpression(node)) negate(node.condition, add);
  else if (isMinOrMax(node)) add(node.parent, node, node.name.text === "min" ? "Math.max" : "Math.min");
  else if (isRemovable(node)) add(node, node, REMOVED);
}

function negate(condition: ts.Expression, add: Add): void {
  add(condition, condition, `!(${condition.getText()})`);
}

function isMinOrMax(node: ts.Node): node is ts.PropertyAccessExpression {
  return ts.isPropertyAccessExpression(node) && ["Math.min", "Math.max"].includes(node.getText());
}

/** Whether the code compiles without a statement: an effect, an early return, a refusal. */
function isRemovable(node: ts.Node): boolean {
  if (ts.isThrowStatement(node) || ts.isContinueStatement(node)) return true;
  if (ts.isBreakStatement(node)) return !ts.isCaseOrDefaultClause(node.parent);
  if (ts.isReturnStatement(node)) return isEarly(node);
  if (!ts.isExpressionStatement(node)) return false;
  const { expression } = node;
  return !(ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword);
}

/** Whether other statements follow a return: it stands in a block of a condition or a loop. */
function isEarly(node: ts.Node): boolean {
  const holder = ts.isBlock(node.parent) ? node.parent.parent : node.parent;
  return ts.isIfStatement(holder) || ts.isIterationStatement(holder, false);
}

/** Whether a node is excluded: types, imports, texts, and arguments of errors. */
function isLeftAlone(node: ts.Node): boolean {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  if (ts.isTemplateExpression(node)) return true;
  return ts.isNewExpression(node) && /Error$/.test(node.expression.getText());
}

/** Name of a function or of a variable that holds one. */
function scopeName(node: ts.Node): string | undefined {
  const isNamed = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node);
  if (isNamed && node.name !== undefined) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const isArrow = (ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node)) &&
    node.initializer !== undefined && ts.isArrowFunction(node.initializer);
  return isArrow ? node.name.getText() : undefined;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length <= MAX_SHOWN ? line : `${line.slice(0, MAX_SHOWN / 2)} … ${line.slice(-MAX_SHOWN / 2)}`;
}

/** Maximum characters of code that are shown in full. */
const MAX_SHOWN = 120;
