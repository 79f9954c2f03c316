"""What a design costs on a chip: synthesis with Yosys, a timing estimate, and place and route for ECP5 with nextpnr."""
