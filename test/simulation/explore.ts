/** A world small enough to try everything that can happen to it. Worlds are values: an action makes a new one. */
export interface Explorable<World, Action> {
  initial: World
  /**
   * All that can happen now; or a part of it that is enough, where whatever else can happen until something of the part does
   * neither hinders nor helps it, and comes to the same in either order (a *persistent set*). None: the world has ended.
   */
  actions(world: World): Action[]
  /** Throws where an invariant breaks. */
  apply(world: World, action: Action): World
  /** Equal keys, equal futures. */
  key(world: World): string
}

export interface Exhaustion {
  states: number
  transitions: number
  /** Worlds in which nothing more can happen. */
  ends: number
  /** Actions of the longest way to one of them. */
  longest: number
  /** False where `maxStates` were seen before all were. */
  complete: boolean
}

/** The way to a broken invariant. */
export class ExplorationError<Action> extends Error {
  readonly path: readonly Action[]

  constructor(path: readonly Action[], cause: unknown) {
    super(`after ${JSON.stringify(path)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.path = path
  }
}

/**
 * Visits every world there is, each once, and sees that every way comes to an end: throws where a world can come back to itself, for
 * then something may go on for ever. `ended` judges each end. Depth first: only the present way is in memory.
 */
export function exhaust<World, Action>(
  explorable: Explorable<World, Action>,
  { maxStates, ended }: { maxStates: number; ended: (world: World) => void },
): Exhaustion {
  const { initial, actions, key } = explorable
  /** True while the world is on the present way: its futures are not all known yet. */
  const open = new Map([[key(initial), true]])
  const way: { world: World; id: string; left: Action[]; by?: Action }[] = [{ world: initial, id: key(initial), left: actions(initial) }]
  const found: Exhaustion = { states: 1, transitions: 0, ends: 0, longest: 0, complete: true }
  const pathBy = (action?: Action) => [
    ...way.flatMap(({ by }) => (by === undefined ? [] : [by])),
    ...(action === undefined ? [] : [action]),
  ]
  while (way.length > 0) {
    const { world: before, id, left } = way.at(-1)!
    const action = left.pop()
    if (action === undefined) {
      open.set(id, false)
      way.pop()
      continue
    }
    found.transitions++
    const world = step(explorable, before, action, () => pathBy(action))
    const reached = key(world)
    const isOpen = open.get(reached)
    if (isOpen) throw new ExplorationError(pathBy(action), new Error('this goes on for ever'))
    if (isOpen === false) continue
    if (open.size >= maxStates) return { ...found, complete: false }
    open.set(reached, true)
    const next = actions(world)
    way.push({ world, id: reached, left: next, by: action })
    found.states++
    if (next.length > 0) continue
    found.ends++
    found.longest = Math.max(found.longest, way.length - 1)
    try {
      ended(world)
    } catch (error) {
      throw new ExplorationError(pathBy(), error)
    }
  }
  return found
}

function step<World, Action>({ apply }: Explorable<World, Action>, world: World, action: Action, path: () => Action[]): World {
  try {
    return apply(world, action)
  } catch (error) {
    throw new ExplorationError(path(), error)
  }
}
