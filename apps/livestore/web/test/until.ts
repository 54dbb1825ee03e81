/** Waits for a condition, never for a time. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience = 45_000,
): Promise<void> {
  const end = Date.now() + patience
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${patience / 1_000} s: ${what}`)
    await new Promise((wake) => setTimeout(wake, 25))
  }
}
