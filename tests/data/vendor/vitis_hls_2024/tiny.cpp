#include "tiny.h"

void tiny(hls::stream<input_t> &x, hls::stream<result_t> &layer3_out) {
    // hls-fpga-machine-learning insert layers

    hls::stream<layer2_t> layer2_out("layer2_out");

    nnet::clone_stream<input_t, input_t, 8>(x, x_copy1, x_copy2); // clone_x

    // hidden
    nnet::dense<input_t, layer2_t, config2>(x_copy1, layer2_out, w2, b2);
    nnet::save_layer_output<layer2_t>(layer2_out, "hidden", 4);

    nnet::relu<layer2_t, result_t, relu_config3>(layer2_out, layer3_out); // positive
}
