"""The float and the quantized networks: LSTM autoencoder and LSTM classifier."""
