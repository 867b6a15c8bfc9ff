/** What the worker finds in code: a text, or a class ("" for none) and the pieces that have it. */
export type Piece = string | Scope;

export interface Scope extends Array<Piece> {
  0: string;
}
