/** Tasks of several callers, served in rotation: a caller with thousands of tasks does not hold up one with a single task. */
export interface Lanes<T> {
  add(lane: object, task: T): void
  /** Puts a task back before the others of its lane, and the lane first. */
  putBack(lane: object, task: T): void
  /** The task that `take` would give. */
  peek(): T | undefined
  take(): T | undefined
  /** Removes a waiting task; false where it does not wait. */
  remove(task: T): boolean
  /** Removes and gives all. */
  drain(): T[]
}

export function createLanes<T>(): Lanes<T> {
  // a Map keeps its order: the first lane is the next one served
  const lanes = new Map<object, T[]>()
  const first = () => lanes.entries().next().value
  return {
    add(lane, task) {
      const tasks = lanes.get(lane)
      if (tasks === undefined) lanes.set(lane, [task])
      else tasks.push(task)
    },
    putBack(lane, task) {
      const tasks = [task, ...(lanes.get(lane) ?? [])]
      const others = [...lanes].filter(([other]) => other !== lane)
      lanes.clear()
      lanes.set(lane, tasks)
      for (const [other, waiting] of others) lanes.set(other, waiting)
    },
    peek: () => first()?.[1][0],
    take() {
      const next = first()
      if (next === undefined) return undefined
      const [lane, tasks] = next
      const task = tasks.shift()
      lanes.delete(lane)
      if (tasks.length > 0) lanes.set(lane, tasks)
      return task
    },
    remove(task) {
      for (const [lane, tasks] of lanes) {
        const index = tasks.indexOf(task)
        if (index < 0) continue
        tasks.splice(index, 1)
        if (tasks.length === 0) lanes.delete(lane)
        return true
      }
      return false
    },
    drain() {
      const all = [...lanes.values()].flat()
      lanes.clear()
      return all
    },
  }
}
