/** A world small enough to try everything that can happen to it. Worlds are values: an action makes a new one. */
export interface Explorable<World, Action> {
  initial: World
  /** All that can happen now. */
  actions(world: World): Action[]
  /** Throws where an invariant breaks. */
  apply(world: World, action: Action): World
  /** Equal keys, equal futures. */
  key(world: World): string
}

export interface Exploration<World, Action> {
  states: number
  transitions: number
  /** Complete to this depth. */
  depth: number
  /** The worlds at the edge: what happens beyond was not tried. */
  frontier: { world: World; path: readonly Action[] }[]
}

/** The way to a broken invariant, shortest first: breadth-first search finds no shorter one. */
export class ExplorationError<Action> extends Error {
  readonly path: readonly Action[]

  constructor(path: readonly Action[], cause: unknown) {
    super(`after ${JSON.stringify(path)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.path = path
  }
}

/** Visits every world that `maxDepth` actions can reach, each once, or stops at the first level that would pass `maxStates`. */
export function explore<World, Action>(
  { initial, actions, apply, key }: Explorable<World, Action>,
  { maxDepth, maxStates }: { maxDepth: number; maxStates: number },
): Exploration<World, Action> {
  const seen = new Set([key(initial)])
  let level: { world: World; path: readonly Action[] }[] = [{ world: initial, path: [] }]
  let transitions = 0
  let depth = 0
  while (depth < maxDepth && level.length > 0) {
    const next: typeof level = []
    for (const { world, path } of level) {
      for (const action of actions(world)) {
        const longer = [...path, action]
        transitions++
        const after = step(apply, world, action, longer)
        const id = key(after)
        if (seen.has(id)) continue
        seen.add(id)
        next.push({ world: after, path: longer })
        if (seen.size >= maxStates) return { states: seen.size, transitions, depth, frontier: [...level, ...next] }
      }
    }
    level = next
    depth++
  }
  return { states: seen.size, transitions, depth, frontier: level }
}

function step<World, Action>(apply: (world: World, action: Action) => World, world: World, action: Action, path: readonly Action[]): World {
  try {
    return apply(world, action)
  } catch (error) {
    throw new ExplorationError(path, error)
  }
}
