/** What the three layouts of a table share. */

export interface TableColumn {
  readonly header: string;
  readonly align?: 'left' | 'right';
  /** The width in columns below which it is not shrunk; by default its header's longest word, at least 6. */
  readonly min?: number;
  /** Weight when room is short: the widest column by its weight gives way first. 0: it is never shrunk. Default 1. */
  readonly grow?: number;
}

/** A cell ready to be laid out: harmless text, and what colours it once its place is known. */
export interface PaintedCell {
  readonly text: string;
  paint(s: string): string;
}

/** What the layouts draw: as many cells in `head` and in each row as there are `columns`. */
export interface PaintedTable {
  readonly columns: readonly TableColumn[];
  readonly head: readonly PaintedCell[];
  readonly rows: readonly (readonly PaintedCell[])[];
}
