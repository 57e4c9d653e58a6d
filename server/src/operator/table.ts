export interface Column<Row> {
  readonly head: string
  readonly of: (row: Row) => string | number
}

/** Rows under their heads, numbers to the right; a line is cut where the terminal ends. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string {
  const cells = rows.map((row) => columns.map(({ of }) => textOf(of(row))))
  const isNumber = columns.map(({ of }) => rows.every((row) => typeof of(row) === 'number'))
  const widths = columns.map(({ head }, at) => Math.max(head.length, ...cells.map((line) => line[at]?.length ?? 0)))
  return [columns.map(({ head }) => head), ...cells]
    .map((line) => line.map((cell, at) => (isNumber[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  '))
    .map((line) => cut(line.trimEnd(), width))
    .join('\n')
}

const textOf = (value: string | number): string => (typeof value === 'number' ? String(value) : plain(value))

/** What others wrote, such as the text of an error, as one line that a terminal only shows. */
export const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, '\ufffd')

/** A line that ends where the terminal does. */
export const cut = (line: string, width: number): string => (line.length > width ? `${line.slice(0, width - 1)}…` : line)

/** A time to the second, as the database has it. */
export const timeOf = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
