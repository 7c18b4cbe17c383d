"""The functions of BBOB, exactly as COCO defines them (Hansen, Finck, Ros & Auger 2009, hal:inria-00362633).

f1 to f24 stand in BBOB's own five groups, a module each; f101 to f130, with noise, in `noisy`. `generator` draws the
random numbers of an instance, `transforms` deforms x, `instance` adds offset and penalty to a function's shape.
"""
