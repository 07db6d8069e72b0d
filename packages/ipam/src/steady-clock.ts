/**
 * A clock that follows the wall clock forwards and never goes back: while that is behind, it goes on at the pace of a monotonic
 * one. Both in milliseconds.
 */
export function steadyClock(wall: () => number, monotonic: () => number): () => number {
  let ahead = Number.NEGATIVE_INFINITY;
  return () => {
    const elapsed = monotonic();
    ahead = Math.max(ahead, wall() - elapsed);
    return Math.floor(elapsed + ahead);
  };
}
