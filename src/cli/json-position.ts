/** Where text stops being JSON. */
export interface JsonFault {
  /** Counted from 1; columns in UTF-16 units, as editors count them. */
  line: number
  column: number
  expected: string
  found: string
}

const SPACE = /[ \t\r\n]*/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings, so they must be named
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y

/** The first place in `text` that is not JSON; undefined where all of it is. JSON.parse tells no place for many mistakes. */
export function findJsonFault(text: string): JsonFault | undefined {
  const scan = createScanner(text)
  /** The closing brackets that are due, innermost last: no recursion, so that no depth of nesting can end the process. */
  const due: string[] = []
  for (;;) {
    const expected = scan.value(due)
    if (expected === 'inside') continue
    if (expected !== undefined) return scan.fault(expected)
    // A value is complete: close what ends here, then go on behind the comma.
    while (due.length > 0 && scan.skip(due.at(-1)!)) due.pop()
    if (due.length === 0) return scan.isAtEnd() ? undefined : scan.fault('the end of the file')
    if (!scan.skip(',')) return scan.fault(`a comma or ${due.at(-1)}`)
    const missing = due.at(-1) === '}' ? scan.key() : undefined
    if (missing !== undefined) return scan.fault(missing)
  }
}

function createScanner(text: string) {
  let at = 0
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    at += match?.[0].length ?? 0
    return match !== null
  }
  const skip = (char: string): boolean => {
    take(SPACE)
    if (text[at] !== char) return false
    at++
    return true
  }
  /** A key and its colon; gives what is missing. */
  const key = (): string | undefined => {
    take(SPACE)
    if (!take(STRING)) return 'a key in double quotes'
    return skip(':') ? undefined : 'a colon behind the key'
  }
  /** A whole scalar or empty container (undefined), or the start of a filled one (`inside`); else what was expected. */
  const value = (due: string[]): string | undefined => {
    if (skip('{')) {
      if (skip('}')) return undefined
      due.push('}')
      return key() ?? 'inside'
    }
    if (skip('[')) {
      if (skip(']')) return undefined
      due.push(']')
      return 'inside'
    }
    if (text[at] === '"') return take(STRING) ? undefined : 'a string that ends on its line, with proper escapes'
    return take(SCALAR) ? undefined : 'a value'
  }
  const isAtEnd = () => take(SPACE) && at === text.length
  return { skip, key, value, isAtEnd, fault: (expected: string) => locate(text, at, expected) }
}

function locate(text: string, at: number, expected: string): JsonFault {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  const word = /^[\w.+-]{1,20}/.exec(text.slice(at))?.[0]
  const found = at >= text.length ? 'the end of the file' : JSON.stringify(word ?? String.fromCodePoint(text.codePointAt(at)!))
  return { line, column: at - before.lastIndexOf('\n'), expected, found }
}
