import type { Diagnostic } from '../ports.ts'

/** The programs that a child keeps compiled, each with what its compiler said. */
export class PreparedPrograms {
  readonly #max: number
  /** By key; the one used longest ago comes first. */
  readonly #diagnostics = new Map<string, Diagnostic[]>()

  constructor(max: number) {
    this.#max = max
  }

  get(key: string): Diagnostic[] | undefined {
    return this.#diagnostics.get(key)
  }

  add(key: string, diagnostics: Diagnostic[]): void {
    this.#diagnostics.set(key, diagnostics)
  }

  /** Notes that it was used last. */
  use(key: string): void {
    const diagnostics = this.#diagnostics.get(key) ?? []
    this.#diagnostics.delete(key)
    this.#diagnostics.set(key, diagnostics)
  }

  /** Makes room for one more: the keys of those that the child is to drop. */
  makeRoom(): string[] {
    const surplus = Math.max(0, this.#diagnostics.size - this.#max + 1)
    const dropped = [...this.#diagnostics.keys()].slice(0, surplus)
    for (const key of dropped) this.#diagnostics.delete(key)
    return dropped
  }
}
