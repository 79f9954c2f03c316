"""The float and the quantized LSTM autoencoder."""
