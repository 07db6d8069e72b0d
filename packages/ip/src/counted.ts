/** `1 pod`, `2 pods`: how many of something, for sentences of every package. `many`: where its plural is not made by an s. */
export const counted = (count: number | bigint, one: string, many = `${one}s`): string =>
  `${count} ${Number(count) === 1 ? one : many}`;
