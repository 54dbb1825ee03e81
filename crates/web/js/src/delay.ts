// One way of a connection, slower than it is: what goes along it comes later, and in its order.

export class DelayedWay {
  delayMs = 0
  #last = 0
  #waiting = 0

  /** Does it now, or once the delay has passed and all before it was done. */
  pass(act: () => void): void {
    const now = performance.now()
    this.#last = Math.max(this.#last, now + this.delayMs)
    if (this.#waiting === 0 && this.delayMs === 0) {
      act()
      return
    }
    this.#waiting += 1
    setTimeout(() => {
      this.#waiting -= 1
      act()
    }, this.#last - now)
  }
}
