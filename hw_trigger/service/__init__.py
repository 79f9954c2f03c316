"""The trigger as a service: scores over HTTP that equal the firmware's code for code, compared, measured and watched."""
