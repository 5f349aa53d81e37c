"""From a field as it comes off the microscope to single cells at one scale."""
