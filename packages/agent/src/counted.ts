/** `1 pod`, `2 pods`: how many of something, in a sentence. `many`: its plural, where that is not made by an s. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
