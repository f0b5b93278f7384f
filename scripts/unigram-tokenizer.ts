/**
 * The tokenizer of Universal Sentence Encoder lite.
 * Takes the vocabulary, a list of pieces with their log probabilities; gives a function from text to token numbers.
 * Guarantees: the segmentation is the one of the highest score; any text has one.
 */

/** Unigram segmentation as the model was trained with: the pieces of the highest summed score, by Viterbi. */
export function tokenizer(vocabulary: readonly [string, number][]): (text: string) => number[] {
  const reserved = 6;
  const pieces = new Map(
    vocabulary.slice(reserved).map(([piece, score], i) => [piece, { score, token: i + reserved }]),
  );
  const longest = Math.max(...[...pieces.keys()].map((piece) => [...piece].length));
  // A character that no piece has is worse than any segmentation without it.
  const unknown = { score: -100, token: 0 };
  return (text) => {
    const normal = text.normalize("NFKC");
    const symbols = normal === "" ? [] : [...`\u2581${normal.replaceAll(" ", "\u2581")}`];
    const best = [{ score: 0, from: 0, token: 0 }];
    for (let end = 1; end <= symbols.length; end++) {
      let winner = { score: -Infinity, from: 0, token: 0 };
      for (let from = Math.max(0, end - longest); from < end; from++) {
        const found = pieces.get(symbols.slice(from, end).join("")) ?? (from === end - 1 ? unknown : undefined);
        const score = (best[from]?.score ?? 0) + (found?.score ?? -Infinity);
        if (found !== undefined && score > winner.score) winner = { score, from, token: found.token };
      }
      best.push(winner);
    }
    const tokens: number[] = [];
    for (let end = symbols.length; end > 0; end = best[end]?.from ?? 0) {
      const token = best[end]?.token ?? 0;
      // Neighbouring unknown characters are one token.
      if (token !== 0 || tokens.at(-1) !== 0) tokens.push(token);
    }
    return tokens.reverse();
  };
}
