/** The part of a terminal stream that is drawn on. */
export interface Screen {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
  rows?: number
}

/** Lines at the bottom of a terminal that are drawn again and again; whatever else is printed goes above them. */
export interface LiveView {
  /** False where there is no terminal: then `draw` does nothing, and the caller may print lines instead. */
  readonly isLive: boolean
  readonly columns: number
  readonly rows: number
  draw(lines: readonly string[]): void
  /** Prints text above the drawn lines. */
  print(text: string): void
  /** Leaves the lines as they are and ends the drawing; idempotent. */
  end(): void
}

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_BELOW = '\u001b[0J'

export function createLiveView(screen: Screen): LiveView {
  const isLive = screen.isTTY === true
  let drawn: readonly string[] = []
  let isActive = false
  const back = () => (drawn.length === 0 ? '' : `\u001b[${drawn.length}A\r${CLEAR_BELOW}`)
  const put = (lines: readonly string[], above = '') => {
    // One write a picture, so that no half picture is ever seen.
    screen.write(`${isActive ? '' : HIDE_CURSOR}${back()}${above}${lines.map((line) => `${line}\n`).join('')}`)
    isActive = true
    drawn = lines
  }
  return {
    isLive,
    get columns() {
      return screen.columns ?? 80
    },
    get rows() {
      return screen.rows ?? 24
    },
    draw: (lines) => {
      if (isLive) put(lines)
    },
    print: (text) => {
      if (isActive) put(drawn, text)
      else screen.write(text)
    },
    end: () => {
      if (isActive) screen.write(SHOW_CURSOR)
      isActive = false
      drawn = []
    },
  }
}
