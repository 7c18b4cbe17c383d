"""The functions of BBOB, exactly as COCO defines them (Hansen, Finck, Ros & Auger 2009, hal:inria-00362633)."""
