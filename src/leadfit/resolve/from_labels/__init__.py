"""What pairs that people judged teach a model card: second stage, calibration and cuts."""
