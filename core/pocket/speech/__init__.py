"""The pocket speech model: a small Whisper taught on espeak-ng's voices, and all that made it.

lexicon, names, grammar: what is said. espeak, audio, augment, features: how it sounds.
corpus: clips on disk. tokenizer, examples, batches: clips as tensors. model, losses, train:
learning. ctranslate, export: the folder that faster-whisper loads. testset, evaluate: the score.
"""
