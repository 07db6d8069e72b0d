/** Waits for something that other processes bring about; gives up with a sentence after many tries. */
export async function until<T>(what: string, attempt: () => Promise<T | undefined | false>, tries = 1500): Promise<T> {
  let last: unknown;
  for (let i = 0; i < tries; i++) {
    try {
      const result = await attempt();
      if (result) return result;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`in vain waited for ${what}`, { cause: last });
}
